"""Text of any origin as nothing but data in a prompt: no turn, tag or mark comes of it (pure).

A blank is put into whatever a prompt template, a chat format or this program's own prompt would
take for more than text; what a reader cannot see is taken out. Everything else stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Container

from ragkit.verification.citations import MARK, code_positions


def sanitize(text: str) -> str:
    """`text` without the words by which prompt templates mark turns, and without invisible
    characters: a tokenizer would take the former for the real thing wherever they stand."""
    return _CONTROL.sub(lambda found: found[0] + " ", _visible(text))


def sanitize_as_data(text: str) -> str:
    """As `defused`; and no line begins a turn (`system:`), looks like a part of this program's
    prompt or like its fences, and no number in brackets passes for the mark of a citation.

    `[2]` becomes `(2)`, but not in code (in fences, in backticks, `row[2]`).
    """
    text = _FALSE_FENCE.sub(lambda found: " ".join(found[0]), sanitize(text))
    text = _TURN.sub(r"\g<1> \g<2>", text)
    text = _PART.sub(r"\g<1>.", text)
    in_code = code_positions(text)
    return MARK.sub(lambda found: found[0] if _stays(found, in_code) else _bare(found), text)


def _stays(mark: re.Match[str], in_code: Container[int]) -> bool:
    before = mark.string[mark.start() - 1 : mark.start()]
    is_index = mark[0][0] == "[" and before.isascii() and (before.isalnum() or before in "_)]")
    return mark.start() in in_code or (is_index and before != "")


def _bare(mark: re.Match[str]) -> str:
    return f"({mark[1] or mark[2]})"


def _visible(text: str) -> str:
    return _JOINER.sub("", _INVISIBLE.sub("", text))


# Copies of ASCII that no reader sees, blanks of no width, marks that turn the direction of text,
# controls (but tab and line breaks). Between letters of scripts that need them, joiners stay.
_INVISIBLE = re.compile(
    "[\U000e0000-\U000e007f\U000e0100-\U000e01ef\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
_JOINER = re.compile(
    "[\u200c\u200d](?=[\x00-\x7f])|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d]{2,}"
)

# Where a template's word would begin: after its first character a blank goes in. `[img-0]` stands
# for a picture in Ollama's prompts, and one without a picture is an error.
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

# Runs of what looks like a backtick and is none.
_FALSE_FENCE = re.compile("[｀ˋ‵՝՚´]{3,}")

_LINE = r"(?:^|(?<=[\r\x0b\x0c\x85\u2028\u2029]))"
_ROLES = (
    "system|user|assistant|human|developer|system ?prompt|system ?message|question|answer"
    "|système|utilisateur|sistema|usuario|benutzer|assistent|anweisung(?:en)?|instruções|istruzioni"
    "|система|пользователь|ассистент|системное сообщение|النظام|المستخدم|المساعد"
    "|系统|系統|用户|用戶|助手|指令|システム|ユーザー|アシスタント|指示|시스템|사용자|어시스턴트|प्रणाली|सिस्टम"
)
_TITLES = "instructions?|response|input|output|tool|function|model|ai|bot"
# A line that would begin a turn in a format of plain words: `System:`, `**User**:`, `### Input:`.
_TURN = re.compile(
    rf"({_LINE}[ \t>#*_\-\[(【«\"']{{0,12}}(?:{_ROLES}|(?<=[#*])(?:{_TITLES})"
    rf"|(?<=[#*] )(?:{_TITLES}))[\])】*_\"' \t]{{0,6}}?)(?<![ \t])([:：])",
    re.IGNORECASE | re.MULTILINE,
)
# The line above the fence of a passage.
_PART = re.compile(rf"({_LINE}[ \t]*Passage[ \t]+\d+)(?=[ \t]*$)", re.IGNORECASE | re.MULTILINE)
