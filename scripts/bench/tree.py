"""A generated folder of documents: the same for the same seed, as large as asked for."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

_FOLDER_FILES = 200
_WORD_COUNT = 8_000
_SYLLABLES = [
    "ba",
    "de",
    "fi",
    "go",
    "hu",
    "ka",
    "le",
    "mi",
    "no",
    "pu",
    "ra",
    "se",
    "ti",
    "vo",
    "wu",
    "xa",
    "ye",
    "zi",
    "sto",
    "bri",
    "cla",
    "dro",
    "fen",
    "gul",
]
_OLD_SECONDS = 86_400  # files seen when young are read again by the next run


def make_tree(root: Path, files: int, *, seed: int = 7, kilobytes: tuple[int, int] = (1, 4)) -> int:
    """Writes `files` Markdown files of so many kilobytes into folders of 200; gives back the
    bytes written. Words are drawn as in a language: a few of them often, most of them seldom."""
    rng = random.Random(seed)
    words = _words(rng)
    written = 0
    old = time.time() - _OLD_SECONDS
    for number in range(files):
        path = root / f"part-{number // _FOLDER_FILES:04}" / f"note-{number:06}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = document(
            rng, words, number, rng.randint(kilobytes[0] * 1000, kilobytes[1] * 1000)
        )
        path.write_text(content, encoding="utf-8")
        os.utime(path, (old, old))
        written += len(content)
    return written


def document(rng: random.Random, words: list[str], number: int, size: int) -> str:
    """Markdown of about `size` characters with headings, paragraphs and now and then a list."""
    parts = [f"# Note {number} on {rng.choice(words)}"]
    length = 0
    while length < size:
        if length and rng.random() < 0.2:
            parts.append(f"## {rng.choice(words).capitalize()} {rng.choice(words)}")
        sentences = [_sentence(rng, words) for _ in range(rng.randint(2, 6))]
        listed = rng.random() < 0.15
        parts.append("\n".join(f"- {s}" for s in sentences) if listed else " ".join(sentences))
        length += len(parts[-1]) + 2
    return "\n\n".join(parts) + "\n"


def change_some(root: Path, share: float, *, seed: int = 11) -> int:
    """Adds a paragraph to this share of the files; gives back how many."""
    rng = random.Random(seed)
    paths = sorted(root.rglob("*.md"))
    chosen = rng.sample(paths, max(1, round(len(paths) * share)))
    old = time.time() - _OLD_SECONDS / 2
    for path in chosen:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\nChanged: {rng.random()} {rng.random()}.\n")
        os.utime(path, (old, old))
    return len(chosen)


def _words(rng: random.Random) -> list[str]:
    made = {"".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))): None for _ in range(_WORD_COUNT)}
    return list(made)


def _sentence(rng: random.Random, words: list[str]) -> str:
    # random() squared and cubed falls on early words far more often, much as Zipf's law has it.
    chosen = [words[int(rng.random() ** 3 * len(words))] for _ in range(rng.randint(6, 18))]
    return " ".join(chosen).capitalize() + "."
