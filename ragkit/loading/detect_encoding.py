"""A guess at the encoding of bytes that are not UTF-8 and declare nothing.

Anything but windows-1252 is answered only on strong evidence: for East Asian encodings, two-byte
characters that lie in the rows of common characters; for other scripts, words of high bytes whose
most frequent letters are those of the language; for Latin ones, words that windows-1252 spoils
and that are sound in one language of another encoding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_SAMPLE_BYTES = 65536
# Runs of bytes that are one East Asian character each: lead and trail.
_SHIFT_JIS = re.compile(rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]")
_BIG5 = re.compile(rb"[\xa1-\xf9][\x40-\x7e\xa1-\xfe]")
_EUC = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]")
_HIGH = re.compile(rb"[\x80-\xff]")
# The commonest letters of the languages written with each single-byte encoding.
_LETTERS = {
    "cp1251": "оеаинтсрвлкмдпуыяью",
    "koi8-r": "оеаинтсрвлкмдпуыяью",
    "cp866": "оеаинтсрвлкмдпуыяью",
    "iso8859-5": "оеаинтсрвлкмдпуыяью",
    "cp1256": "اليمنوترةبعدسفهكقأ",
    "iso8859-6": "اليمنوترةبعدسفهكقأ",
    "cp1253": "αοιετνσηρπκμςυλάίόέή",
    "cp1255": "יוהלאתבמרשנעדקםח",
    "cp874": "านรกเงอ่มยล้ดทวสต",
}
# The letters beyond ASCII of each language, by the encodings its texts were written in.
_WESTERN = (
    "éèêëàâçîïôùûüœæ",  # French, English
    "áéíóúñüç",  # Spanish
    "ãõáéíóúâêôàç",  # Portuguese
    "äöüßéèà",  # German
    "àèéìòù",  # Italian
    "åäöæøéèü",  # Swedish, Danish, Norwegian, Finnish
    "áéíóúýþæöð",  # Icelandic
    "éëïèöüêóáí",  # Dutch
    "àçèéíïòóúü",  # Catalan
)
_CENTRAL = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "čćđšž",  # Croatian, Slovenian
    "ăâîşţ",  # Romanian
)
_LATIN = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp1254": ("çğıöşüâîû",),  # Turkish
    "mac-roman": _WESTERN,
    "cp850": _WESTERN,
}
_IN_WORD = re.compile(r"(?<=[^\W\d_])[^\x00-\x7f]|[^\x00-\x7f](?=[^\W\d_])")
_PUNCTUATION = frozenset("’‘“”«»–—…„‚•·")
_AT_AN_END = frozenset("¿¡ªº“”„‚«»•")  # of a word, never within it
_FEWEST_BAD = 3


def guess_encoding(data: bytes) -> str:
    """The Python name of the likeliest encoding, "cp1252" when nothing speaks clearly."""
    sample = _sample(data)
    high = len(_HIGH.findall(sample))
    if high >= 4:
        # Letters first: words of KOI8-R look like pairs of common Chinese characters.
        return _by_letters(sample, high) or _east_asian(sample, high) or _latin(sample)
    return "cp1252"


def _sample(data: bytes) -> bytes:
    if len(data) <= _SAMPLE_BYTES:
        return data
    return data[: data.rfind(b"\n", 0, _SAMPLE_BYTES) + 1 or _SAMPLE_BYTES]


def _east_asian(sample: bytes, high: int) -> str:
    """An East Asian encoding, "" without strong evidence."""
    pairs = _SHIFT_JIS.findall(sample)
    covered = _high_bytes(pairs)
    runs = _are_runs(_SHIFT_JIS, pairs, sample)
    common = sum(0x81 <= pair[0] <= 0x83 or 0x88 <= pair[0] <= 0x97 for pair in pairs)
    if runs and covered >= 0.9 * high and common >= 0.8 * len(pairs) and _decodes(sample, "cp932"):
        return "cp932"
    pairs = _EUC.findall(sample)
    if 2 * len(pairs) >= 0.9 * high:
        leads = Counter(pair[0] for pair in pairs)
        return _extended_unix(leads, len(pairs), sample)
    pairs = _BIG5.findall(sample)
    covered = _high_bytes(pairs)
    common = sum(0xA4 <= pair[0] <= 0xC6 or pair[0] == 0xA1 for pair in pairs)
    low = sum(pair[1] < 0x80 for pair in pairs)
    runs = _are_runs(_BIG5, pairs, sample) and low >= 0.2 * len(pairs)
    if runs and covered >= 0.9 * high and common >= 0.8 * len(pairs):
        return "big5hkscs" if _decodes(sample, "big5hkscs") else ""
    return ""


def _extended_unix(leads: Counter[int], pairs: int, sample: bytes) -> str:
    """Which of the encodings whose characters are two bytes above 0xA0."""

    def share(first: int, last: int) -> float:
        return sum(leads[lead] for lead in range(first, last + 1)) / pairs

    if share(0xA4, 0xA5) >= 0.2 and _decodes(sample, "euc_jp"):
        return "euc_jp"
    if share(0xB0, 0xC8) >= 0.9 and len(leads) > 1 and _decodes(sample, "cp949"):
        return "cp949"
    if share(0xA1, 0xA3) + share(0xB0, 0xD7) >= 0.85 and _decodes(sample, "gb18030"):
        return "gb18030"
    if share(0xA4, 0xC6) >= 0.8 and _decodes(sample, "big5hkscs"):
        return "big5hkscs"
    return ""


def _by_letters(sample: bytes, high: int) -> str:
    """A single-byte encoding whose frequent letters these are, "" without strong evidence."""
    runs = re.findall(rb"[\x80-\xff]+", sample)
    letters = high + len(re.findall(rb"[A-Za-z]", re.sub(rb"<[^<>]{0,300}>", b"", sample)))
    # Latin text has its accented letters one by one; other scripts write whole words.
    if high < 12 or high / len(runs) < 2.5 or high < 0.3 * letters:
        return ""
    best, best_share = "", 0.7
    for name, common in _LETTERS.items():
        text = sample.decode(name, "replace")
        share = sum(map(text.count, common)) / high
        if share > best_share:
            best, best_share = name, share
    return best


def _latin(sample: bytes) -> str:
    """windows-1252, unless it spoils words that are sound in another encoding: "£ódŸ", "PrŽnom"."""
    bad = _spoilt(sample.decode("cp1252", "replace"), _WESTERN)
    if bad < _FEWEST_BAD:
        return "cp1252"
    best, fewest = "cp1252", bad // 4 + 1
    for name, languages in _LATIN.items():
        spoilt = _spoilt(sample.decode(name, "replace"), languages)
        if spoilt < fewest:
            best, fewest = name, spoilt
    return best


def _spoilt(text: str, languages: Sequence[str]) -> int:
    """The places in words where no letter stands, or a capital after a small letter, or a letter
    that the language lacks; of that language for which they are fewest."""
    count = 0
    letters: Counter[str] = Counter()
    for match in _IN_WORD.finditer(text):
        mark, before = match[0], text[match.start() - 1 : match.start()]
        if mark in _AT_AN_END:
            count += before.isalpha() and text[match.end() : match.end() + 1].isalpha()
        elif mark.isalpha():
            if mark.isupper() and before.islower():
                count += 1
            else:
                letters[mark.lower()] += 1
        else:
            count += mark not in _PUNCTUATION
    return count + min(
        sum(number for letter, number in letters.items() if letter not in language)
        for language in languages
    )


def _are_runs(pair: re.Pattern[bytes], pairs: list[bytes], sample: bytes) -> bool:
    """Whether half of the pairs stand beside another, as in words; "don’t" has them one by one."""
    runs = re.findall(rb"(?:%b){2,}+" % pair.pattern, sample)
    return sum(map(len, runs)) >= len(pairs)


def _high_bytes(pairs: list[bytes]) -> int:
    return sum((pair[0] >= 0x80) + (pair[1] >= 0x80) for pair in pairs)


def _decodes(sample: bytes, encoding: str) -> bool:
    # The sample may end inside a character.
    for cut in range(min(4, len(sample))):
        try:
            sample[: len(sample) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False
