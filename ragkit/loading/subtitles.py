"""Subtitles (.srt, .vtt) -> what is said, as paragraphs, on pages of about a minute.

A cue is a line of a few words on the screen; sentences run over cues. A page is labelled with the
time at which it begins, "00:12:30".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import unescape
from typing import NamedTuple

from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.text_encoding import decode

# A page ends with the first sentence that ends so much later, or with the first cue after twice
# the time: what machines write down has no sentences.
_PAGE_SECONDS = 60.0
# A silence between two paragraphs.
_PAUSE_SECONDS = 4.0
_PARAGRAPH_CHARACTERS = 600
# Cues of captions that roll up follow one another without a gap.
_ROLLING_SECONDS = 0.2
_TIMING = re.compile(
    r"[ \t]*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})[ \t]*-->"
    r"[ \t]*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})(?!\d)"
)
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>\n]{1,100})>", re.IGNORECASE)
# Tags of WebVTT and SubRip, times inside a cue, and the codes of other players.
_MARKUP = re.compile(r"</?[a-zA-Z][^<>\n]*>|<[\d:.]+>|\{\\[^{}\n]*\}|[\u200b-\u200f\u202a-\u202e]")
_BREAK = re.compile(r"(?i:<br ?/?>)|\\[Nh]")
# Another one speaks: "- Yes." or ">> Yes."
_TURN = re.compile(r"(?:[-\u2013\u2014]|>>|\u00bb)")
_SENTENCE_END = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f\u061f\u0964][\"'\u201d\u2019\u00bb)\]\u300d]*$"
)
_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)\b")
_TITLE = re.compile(r"WEBVTT[ \t]+-[ \t]+([^\n]{1,500})")


class _Line(NamedTuple):
    """One line of a cue; `speaker` is "" where nobody is named."""

    speaker: str
    text: str


class _Cue(NamedTuple):
    """What is shown from `start` to `end`, in seconds."""

    start: float
    end: float
    lines: Sequence[_Line]


def load_subtitles(data: bytes, _options: LoadOptions) -> LoadedContent:
    """The sentences of the cues. Markup and places on the screen are left out; lines that one cue
    takes over from another are written once; who speaks is named where the file says so. A file
    without any cue is plain text."""
    decoded = decode(data)
    notes = (decoded.note,) if decoded.note else ()
    cues = list(_cues(decoded.text))
    if not cues:
        return LoadedContent(decoded.text, notes=notes)
    writer = MarkdownWriter()
    for page in _pages(_unrolled(cues)):
        writer.page(_clock(page[0].start))
        for paragraph in _paragraphs(page):
            writer.paragraph(paragraph)
    title = _TITLE.match(decoded.text)
    return writer.content(metadata=[("title", title[1])] if title else (), notes=notes)


def _cues(text: str) -> Iterator[_Cue]:
    """The cues in the order of the file."""
    lines = text.split("\n")
    timings = [(at, found) for at, line in enumerate(lines) if (found := _TIMING.match(line))]
    for number, (at, timing) in enumerate(timings):
        last = number + 1 == len(timings)
        between = lines[at + 1 : None if last else timings[number + 1][0]]
        shown = _shown(between if last else _without_name(between))
        yield _Cue(_seconds(timing, 0), _seconds(timing, 4), list(_spoken(shown)))


def _without_name(lines: list[str]) -> list[str]:
    """Lines between two timings without the number or name of the second cue, which stands
    directly above its timing."""
    name = lines[-1].strip() if lines else ""
    alone = len(lines) > 1 and not lines[-2].strip()
    return lines[:-1] if name and (name.isdigit() or alone) else lines


def _shown(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a cue that are no blank, and in no note or style of WebVTT below it."""
    below = skipping = False
    for line in lines:
        if not line.strip():
            below, skipping = True, False
            continue
        skipping = skipping or (below and _BLOCK.match(line) is not None)
        below = False
        if not skipping:
            yield line


def _spoken(lines: Iterable[str]) -> Iterator[_Line]:
    speaker = ""
    for line in lines:
        # Text before the first name, then names and texts in turn.
        first, *named = _VOICE.split(line)
        for name, text in [(speaker, first), *zip(named[::2], named[1::2], strict=True)]:
            speaker = " ".join(unescape(name).split())
            plain = " ".join(unescape(_MARKUP.sub("", _BREAK.sub(" ", text))).split())
            if plain:
                yield _Line(speaker, plain)


def _unrolled(cues: Iterable[_Cue]) -> Iterator[_Cue]:
    """Cues without the lines, and the beginnings of lines, that they take over from the cue
    before: captions that roll up, or grow word by word. Those without text are left out."""
    before = _Cue(0, -1, ())
    for cue in cues:
        new = list(cue.lines)
        if before.start <= cue.start <= before.end + _ROLLING_SECONDS:
            same = [n for n in range(1, len(new) + 1) if list(before.lines[-n:]) == new[:n]]
            new = new[max(same, default=0) :]
            last = before.lines[-1] if before.lines else None
            if not same and last and new[:1] and new[0].text.startswith(f"{last.text} "):
                new[0] = _Line(last.speaker, new[0].text[len(last.text) + 1 :])
        if cue.lines:
            before = cue
        if new:
            yield _Cue(cue.start, cue.end, new)


def _pages(cues: Iterable[_Cue]) -> Iterator[list[_Cue]]:
    page: list[_Cue] = []
    for cue in cues:
        passed = cue.start - page[0].start if page else 0.0
        ends = bool(page) and _SENTENCE_END.search(page[-1].lines[-1].text) is not None
        if page and (passed < 0 or passed >= (_PAGE_SECONDS if ends else 2 * _PAGE_SECONDS)):
            yield page
            page = []
        page.append(cue)
    if page:
        yield page


def _paragraphs(page: Iterable[_Cue]) -> Iterator[str]:
    """The lines as paragraphs: a new one where another person is named, after a silence, and at
    the end of a sentence once it is long."""
    text, speaker, end = "", "", 0.0
    for cue in page:
        for line in cue.lines:
            is_long = len(text) >= _PARAGRAPH_CHARACTERS and _SENTENCE_END.search(text) is not None
            another = line.speaker != speaker
            if text and (another or is_long or cue.start - end >= _PAUSE_SECONDS):
                yield text
                text = ""
            shown = line.text
            if line.speaker and (another or not text):
                shown = f"{line.speaker}: {shown}"
            gap = "\n" if _TURN.match(line.text) else " "
            text = f"{text}{gap}{shown}" if text else shown
            speaker, end = line.speaker, cue.end
    if text:
        yield text


def _seconds(timing: re.Match[str], first: int) -> float:
    hours, minutes, seconds, thousandths = timing.groups()[first : first + 4]
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + int(thousandths.ljust(3, "0")) / 1000


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
