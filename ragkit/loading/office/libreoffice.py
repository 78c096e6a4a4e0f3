"""Old Word and PowerPoint files (.doc, .ppt), converted by LibreOffice where it is installed.

No library that is well kept reads them. LibreOffice works in a temporary folder with a profile of
its own: no macro runs, no link is followed, nothing is fetched.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ragkit.errors import LoadError
from ragkit.loading.compound_file import CompoundFile
from ragkit.loading.content import LoadedContent, Loader, LoadOptions
from ragkit.loading.detect_format import needs_password
from ragkit.loading.office.docx import load_docx
from ragkit.loading.office.pptx import load_pptx
from ragkit.programs import find_soffice, run_program

_RESULT_BYTES = 200 * 2**20
_ENCRYPTED_WORD = 0x0100
_ENCRYPTED_SLIDES = b"\xdf\xc4\xd1\xf3"
# Of Writer 0, of Calc 1 is "never".
_SETTINGS = (
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Writer/Content/Update", "Link", "0"),
    ("Office.Calc/Content/Update", "Link", "1"),
    # A proxy that is not there: nothing is fetched even where the settings above are not known.
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)


class Conversion(NamedTuple):
    """What LibreOffice makes of a format: the extension, its name for it, and who reads that."""

    kind: str
    suffix: str
    export: str
    load: Loader


_WORD = Conversion("an old Word file", "docx", "MS Word 2007 XML", load_docx)
_SLIDES = Conversion("an old PowerPoint file", "pptx", "Impress MS PowerPoint 2007 XML", load_pptx)


def _load(data: bytes, options: LoadOptions, *, suffix: str, to: Conversion) -> LoadedContent:
    if _is_encrypted(CompoundFile(data)):
        raise needs_password()
    return load_converted(data, options, suffix, to)


load_doc = partial(_load, suffix="doc", to=_WORD)
load_ppt = partial(_load, suffix="ppt", to=_SLIDES)


def load_converted(data: bytes, options: LoadOptions, suffix: str, to: Conversion) -> LoadedContent:
    """The file as its new format says it.

    Raises LoadError: skipped without LibreOffice, failed when that cannot convert it.
    """
    program = find_soffice()
    if not program or not sys.executable:
        hint = f"save it as .{to.suffix}, or install LibreOffice (soffice)"
        raise LoadError(f"{to.kind}: to index it, {hint}", outcome="skipped")
    with tempfile.TemporaryDirectory(prefix="ragkit-", ignore_cleanup_errors=True) as folder:
        converted = _convert(program, data, Path(folder), suffix, to, options.convert_seconds)
    content = to.load(converted, options)
    return replace(content, notes=(*content.notes, "converted by LibreOffice"))


def _is_encrypted(file: CompoundFile) -> bool:
    word = file.read(("WordDocument",))[10:12]
    user = file.read(("Current User",))[12:16]
    return bool(int.from_bytes(word, "little") & _ENCRYPTED_WORD) or user == _ENCRYPTED_SLIDES


def _convert(
    program: str, data: bytes, folder: Path, suffix: str, to: Conversion, seconds: float
) -> bytes:
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_registry(), encoding="utf-8")
    (folder / "out").mkdir()
    source = folder / f"document.{suffix}"
    source.write_bytes(data)
    command = [
        program,
        f"-env:UserInstallation={profile.as_uri()}",
        *("--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck"),
        *("--convert-to", f"{to.suffix}:{to.export}", "--outdir", str(folder / "out"), str(source)),
    ]
    hint = f"save it as .{to.suffix} to index it"
    try:
        run_program(command, str(folder), seconds, _environment(folder))
    except TimeoutError as error:
        raise LoadError(f"{to.kind}: LibreOffice {error}; {hint}") from error
    except OSError as error:
        raise LoadError(f"{to.kind}: LibreOffice cannot be started ({error}); {hint}") from error
    return _result(folder / "out" / f"document.{to.suffix}", f"{to.kind}: ", hint)


def _result(path: Path, kind: str, hint: str) -> bytes:
    """What LibreOffice wrote. Its exit code says nothing: it is 0 for most failures."""
    if path.is_symlink() or not path.is_file() or not path.stat().st_size:
        raise LoadError(f"{kind}LibreOffice cannot convert it; {hint}")
    if path.stat().st_size > _RESULT_BYTES:
        raise LoadError(f"{kind}LibreOffice makes more than {_RESULT_BYTES:,} bytes of it; {hint}")
    return path.read_bytes()


def _environment(folder: Path) -> dict[str, str]:
    """Its home and place for temporary files are the folder; it has no display."""
    kept = ("LANG", "LC_ALL", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    places = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "TMPDIR", "TEMP", "TMP"), str(folder))
    proxies = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    return {**inherited, **places, **proxies, "SAL_USE_VCLPLUGIN": "svp"}


def _registry() -> str:
    items = "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>\n"
        for path, name, value in _SETTINGS
    )
    names = (
        'xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<oor:items {names}>\n{items}</oor:items>\n'
