"""Makes text of any origin plain data in a prompt, against prompt injection (pure).

Whatever a prompt template, a chat format or the prompt of ragkit would read as a turn, a tag or a
citation mark gets a blank inside; invisible characters are removed. All else stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Container

from ragkit.verification.citations import MARK, code_positions


def sanitize(text: str) -> str:
    """`text` without invisible characters and without the control words of prompt templates, which
    a tokenizer would take for real ones."""
    visible = _JOINER.sub("", _INVISIBLE.sub("", text))
    return _CONTROL.sub(lambda found: found[0] + " ", visible)


def sanitize_as_data(text: str) -> str:
    """As `sanitize`; and no line begins a turn (`system:`) or looks like a line of the prompt or a
    fence, and no number in brackets looks like a citation mark: `[2]` becomes `(2)`, but not in
    code (in fences, in backticks, `row[2]`).
    """
    text = _FALSE_FENCE.sub(lambda found: " ".join(found[0]), sanitize(text))
    text = _TURN.sub(r"\g<1> \g<2>", text)
    text = _PART.sub(r"\g<1>.", text)
    code = code_positions(text)
    return MARK.sub(
        lambda mark: mark[0] if _is_code(mark, code) else f"({mark[1] or mark[2]})", text
    )


def _is_code(mark: re.Match[str], code: Container[int]) -> bool:
    before = mark.string[mark.start() - 1 : mark.start()]
    is_index = mark[0][0] == "[" and before.isascii() and (before.isalnum() or before in "_)]")
    return mark.start() in code or (is_index and before != "")


# Invisible copies of ASCII, blanks of no width, direction marks, control characters but tab and
# line breaks. Joiners stay between letters of scripts that need them.
_INVISIBLE = re.compile(
    "[\U000e0000-\U000e007f\U000e0100-\U000e01ef\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
_JOINER = re.compile(
    "[\u200c\u200d](?=[\x00-\x7f])|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d]{2,}"
)

# The first character of a template's control word, after which a blank is put. `[img-0]` is a
# picture in Ollama's prompts, and one without a picture is an error.
_TAGS = (
    "start_of_turn|end_of_turn|think|thinking|bos|eos|pad|unk|s|system|assistant|instructions?"
    "|tool_calls?|tool_response|tool_results?|function_calls?|function_results?"
)
_WORDS = "INST|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS|SYSTEM_PROMPT|SYS"
_CONTROL = re.compile(
    rf"[<＜](?=[|｜│∣][\w▁-]{{1,40}}[|｜│∣]?[>＞]|[\w▁-]{{1,40}}[|｜│∣][>＞]|｜"
    rf"|/?(?:{_TAGS})[>＞]|[<＜]/?SYS[>＞][>＞])"
    rf"|[\[［【](?=/?(?:{_WORDS})[\]］】]|\|\w{{1,40}}\|\]|img-\d+\])",
    re.IGNORECASE,
)

# Characters that look like backticks.
_FALSE_FENCE = re.compile("[｀ˋ‵՝՚´]{3,}")

_LINE = r"(?:^|(?<=[\r\x0b\x0c\x85\u2028\u2029]))"
_ROLES = (
    "system|user|assistant|human|developer|system ?prompt|system ?message|question|answer"
    "|système|utilisateur|sistema|usuario|benutzer|assistent|anweisung(?:en)?|instruções|istruzioni"
    "|система|пользователь|ассистент|системное сообщение|النظام|المستخدم|المساعد"
    "|系统|系統|用户|用戶|助手|指令|システム|ユーザー|アシスタント|指示|시스템|사용자|어시스턴트|प्रणाली|सिस्टम"
)
_TITLES = "instructions?|response|input|output|tool|function|model|ai|bot"
# The beginning of a turn in plain words: `System:`, `**User**:`, `### Input:`.
_TURN = re.compile(
    rf"({_LINE}[ \t>#*_\-\[(【«\"']{{0,12}}(?:{_ROLES}|(?<=[#*])(?:{_TITLES})"
    rf"|(?<=[#*] )(?:{_TITLES}))[\])】*_\"' \t]{{0,6}}?)(?<![ \t])([:：])",
    re.IGNORECASE | re.MULTILINE,
)
# The line above the fence of a passage.
_PART = re.compile(rf"({_LINE}[ \t]*Passage[ \t]+\d+)(?=[ \t]*$)", re.IGNORECASE | re.MULTILINE)
