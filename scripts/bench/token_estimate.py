"""How far the token estimate for models without a tokenizer at hand is from a real count.

    python scripts/bench/token_estimate.py FOLDER...

Cuts windows of 1,000 characters out of the text files of each folder and compares
`estimate_tokens` with the tokenizer that comes with wordllama (Llama 2's, 32,000 pieces: one
that makes more tokens than most). Prints the mean ratio, the lowest one in a hundred, and how
many windows were estimated too low.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tokenizers import Tokenizer

from ragkit.models.token_estimate import estimate_tokens

_WINDOW = 1000
_FILES = 400
_WINDOWS = 600


def main() -> None:
    tokenizer = real_tokenizer()
    for folder in map(Path, sys.argv[1:]):
        windows = list(windows_of(folder))[:_WINDOWS]
        if not windows:
            continue
        encoded = tokenizer.encode_batch(windows, add_special_tokens=False)
        true = [len(encoding.ids) for encoding in encoded]
        estimates = [estimate_tokens(window) for window in windows]
        ratios = sorted(e / max(1, t) for e, t in zip(estimates, true, strict=True))
        print(
            f"{folder.name:20} {len(windows):4} windows: mean {sum(estimates) / sum(true):.2f}, "
            f"lowest in a hundred {ratios[len(ratios) // 100]:.2f}, "
            f"too low {sum(ratio < 1 for ratio in ratios) / len(ratios):.1%}"
        )


def real_tokenizer() -> Tokenizer:
    package = importlib.util.find_spec("wordllama")
    assert package is not None
    assert package.origin is not None
    file = next(Path(package.origin).parent.rglob("l2_supercat_tokenizer_config.json"))
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def windows_of(folder: Path) -> Iterator[str]:
    """Three windows of each of some files, the same ones every time."""
    chance = random.Random(1)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    chance.shuffle(files)
    for path in files[:_FILES]:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        for _ in range(3):
            start = chance.randrange(max(1, len(text) - _WINDOW))
            if window := text[start : start + _WINDOW].strip():
                yield window


if __name__ == "__main__":
    main()
