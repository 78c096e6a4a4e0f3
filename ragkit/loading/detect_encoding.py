"""A guess at the encoding of bytes that are not UTF-8 and declare nothing.

chardet ranks the encodings that people's files have by pairs of letters. It knows no prior: of one
line it takes "café °C" for DOS or Polish as gladly as for windows-1252. So anything but that is
answered only where windows-1252 spoils words that are sound in the other encoding, or where
chardet is sure. The numbers are chosen by scripts/bench/encodings.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_SAMPLE_BYTES = 65536
_EAST_ASIAN = ("cp932", "euc_jis_2004", "gb18030", "big5hkscs", "cp949")
_CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"),
    *("iso8859-2", "iso8859-5", "iso8859-6", "iso8859-7", "koi8-r", "koi8-u"),
    *_EAST_ASIAN,
    *("mac-roman", "cp850", "cp852", "cp866"),
)
_EBCDIC = ("cp037", "cp500", "cp1140", "cp273", "cp1026")
_EBCDIC_TEXT = re.compile(rb"[\x05\r\x15%@-\xfe]")
_EBCDIC_LETTERS = re.compile(rb"[\x81-\x89\x91-\x99\xa2-\xa9\xc1-\xc9\xd1-\xd9\xe2-\xe9\xf0-\xf9]")
_EBCDIC_SAMPLE_BYTES = 8192
_BEST = 6  # of the candidates; later ones are never right
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
    "ëç",  # Albanian
)
_LATIN = {
    "cp1252": _WESTERN,
    "mac-roman": _WESTERN,
    "cp850": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp852": _CENTRAL,
    "cp1254": ("çğıöşüâîû",),  # Turkish
    "cp1257": ("äöõüšž", "āčēģīķļņōŗšūž", "ąčęėįšųūž"),  # Estonian, Latvian, Lithuanian
}
_IN_WORD = re.compile(r"(?<=[^\W\d_])[^\x00-\x7f]|[^\x00-\x7f](?=[^\W\d_])")
_OTHER_SCRIPT = re.compile(r"([A-Za-z]?)([^\W\d_\x00-\x7f]++)([A-Za-z]?)")
_PUNCTUATION = frozenset("’‘“”«»–—…„‚•·")
_AT_AN_END = frozenset("¿¡ªº“”„‚«»•®©™°²³µ")  # of a word, never within it


def guess_encoding(data: bytes) -> str:
    """The Python name of the likeliest encoding, "cp1252" when nothing speaks clearly."""
    import chardet  # 40 ms, and few texts need it

    sample = _sample(data)
    spoilt, mixed = _spoilt(sample.decode("cp1252", "replace"), _WESTERN)
    ranked = chardet.detect_all(
        sample, include_encodings=_CANDIDATES, ignore_threshold=True, compat_names=False
    )
    sure = {str(one["encoding"]): one["confidence"] for one in ranked}
    # Letters of several Western languages side by side, such as names, are no proof.
    least = sure.get("cp1252", 0.0) * (1 + 1 / (1 + spoilt) if mixed else 1)
    for name in list(sure)[:_BEST]:
        if name not in _CANDIDATES or name == "cp1252" or sure[name] < least:
            break
        if 3 * _unlikely(sample.decode(name, "replace"), name) <= spoilt:
            return name
    return "cp1252"


def guess_ebcdic(data: bytes) -> str:
    """The Python name of the encoding of a mainframe's text, "" for other data.

    Its blanks are "@" in ASCII, its letters and digits bytes above; it has no ASCII blanks.
    """
    sample = data[:_EBCDIC_SAMPLE_BYTES]
    blanks, size = sample.count(b"@"), len(sample)
    if size < 16 or blanks < 0.05 * size or b" " in sample or sample.isascii():
        return ""
    if len(_EBCDIC_TEXT.findall(sample)) < size or len(_EBCDIC_LETTERS.findall(sample)) < (
        0.7 * (size - blanks)
    ):
        return ""
    import chardet

    found = chardet.detect(sample, include_encodings=_EBCDIC, compat_names=False)["encoding"]
    return found if found in _EBCDIC else ""


def _sample(data: bytes) -> bytes:
    """The first lines that say something: those with bytes beyond ASCII."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    telling = b"\n".join(line for line in data.split(b"\n") if not line.isascii())
    return telling[: telling.rfind(b"\n", 0, _SAMPLE_BYTES) + 1 or _SAMPLE_BYTES]


def _unlikely(text: str, encoding: str) -> int:
    """How much in a text speaks against the encoding it was decoded with: in Latin letters, what
    `_spoilt` counts; in other scripts, letters that stand alone and those that touch Latin ones,
    0 where they are the exception."""
    if encoding in _LATIN:
        return _spoilt(text, _LATIN[encoding])[0]
    mixing = encoding in _EAST_ASIAN
    runs = [(len(m[2]), not mixing and (m[1] or m[3])) for m in _OTHER_SCRIPT.finditer(text)]
    alone = sum(length for length, latin in runs if latin or length == 1)
    return alone or 1 if 3 * alone >= sum(length for length, _ in runs) else 0


def _spoilt(text: str, languages: Sequence[str]) -> tuple[int, bool]:
    """The places in words where no letter stands, or a capital after a small letter, or a letter
    that the language lacks, of that language for which they are fewest; and whether all of them
    are letters of other languages of the same encoding."""
    count = 0
    letters: Counter[str] = Counter()
    for match in _IN_WORD.finditer(text):
        mark, before = match[0], text[match.start() - 1 : match.start()]
        if mark in _AT_AN_END:
            count += before.isalpha() and text[match.end() : match.end() + 1].isalpha()
        elif not mark.isalpha():
            count += mark not in _PUNCTUATION and not unicodedata.combining(mark)
        elif mark.isupper() and before.islower():
            count += 1
        else:
            letters[mark.lower()] += mark != "İ"  # its small letter is two characters

    def foreign(language: Iterable[str]) -> int:
        return sum(number for letter, number in letters.items() if letter not in language)

    mixed = not count and not foreign({*"".join(languages), "š", "ž"})
    return count + min(map(foreign, languages)), mixed
