"""Mail: messages as MIME (.eml) and of Outlook (.msg), and mailboxes (.mbox)."""

from ragkit.loading.mail.mbox import load_mbox
from ragkit.loading.mail.mime import load_eml
from ragkit.loading.mail.outlook import load_msg

__all__ = ["load_eml", "load_mbox", "load_msg"]
