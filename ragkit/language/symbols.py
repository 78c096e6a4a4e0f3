"""Words that a tokenizer of words cannot see, in letters (pure)."""

from __future__ import annotations

import re

# C++, C#, notepad++, A+, and .NET where it begins a word; not a+b, page#part or a file's ending.
_WITH_SYMBOL = re.compile(
    r"(?<![\w.+#/])(?:([^\W\d_]\w{0,15})(\+{1,2}|#)|(\.)([^\W\d_]{2,12}))(?!\w|[+#.]\w)"
)
# The same for a text where no sign follows a word: patterns that begin with a sign are found six
# times faster.
_SYMBOL_AFTER_WORD = re.compile(r"[+#](?<=\w[+#])")
_DOTTED = re.compile(r"\.(?<![\w.+#/]\.)([^\W\d_]{2,12})(?!\w|[+#.]\w)")
_SYMBOLS = {"+": "plus", "#": "sharp", ".": "dot"}
_ORDINALS = {
    "first 1st erstes ersten": 1,
    "second 2nd zweites zweiten": 2,
    "third 3rd drittes dritten": 3,
    "fourth 4th viertes vierten": 4,
}
_QUARTERS = {word: number for words, number in _ORDINALS.items() for word in words.split()}
_QUARTER = re.compile(rf"\b({'|'.join(_QUARTERS)})[ -](?:fiscal[ -])?(?:quarter|quartal)", re.I)


def spell_symbols(text: str) -> str:
    """The names of `text` whose signs tell them from another word: "C++, not C#" gives
    "cplusplus csharp". Each once, in order."""
    if not _SYMBOL_AFTER_WORD.search(text):
        dotted = (_SYMBOLS["."] + name.lower() for name in _DOTTED.findall(text))
        return " ".join(dict.fromkeys(dotted))
    spelled = (
        before.lower()
        + "".join(_SYMBOLS[sign] for sign in after)
        + _SYMBOLS.get(dot, "")
        + name.lower()
        for before, after, dot, name in _WITH_SYMBOL.findall(text)
    )
    return " ".join(dict.fromkeys(spelled))


def abbreviate_quarters(text: str) -> str:
    """The quarters that `text` names in words, as reports and file names write them: "in the
    second quarter" gives "Q2". Each once, in order."""
    found = (f"Q{_QUARTERS[word.lower()]}" for word in _QUARTER.findall(text))
    return " ".join(dict.fromkeys(found))
