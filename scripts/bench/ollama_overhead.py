"""What OllamaEmbedder costs on top of the official client: 10,000 chunks against the test double,
whose vectors cost nothing, next to a bare loop of the same `client.embed` batches that makes an
array of the vectors, and one that throws them away.

    python scripts/bench/ollama_overhead.py [--chunks 10000] [--rounds 3]

The double runs in a process of its own. Prints the seconds of each round and the ratios of the
best rounds, and exits 1 when the one to the loop that keeps them is above 1.10.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from ragkit.models.ollama import OllamaEmbedder, OllamaHost
from tests.ollama_double import DoubleModel, OllamaDouble

_LIMIT = 1.10
_MODEL = "embeddinggemma"
_WORDS = ("every", "quarter", "one", "server", "is", "restored", "from", "its", "own", "backup")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    texts = [
        " ".join(_WORDS[(number + place) % len(_WORDS)] for place in range(150)) + f" {number}"
        for number in range(options.chunks)
    ]
    child = subprocess.Popen(
        [sys.executable, __file__, "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        ratio = compare(child.stdout.readline().strip(), texts, options.rounds)
    finally:
        child.communicate("done\n")
    raise SystemExit(ratio > _LIMIT)


def serve() -> None:
    """Serves until there is a line to read."""
    model = DoubleModel(f"{_MODEL}:latest", ("embedding",), "gemma3", 2048, dimension=768)
    with OllamaDouble([model], fixed_vectors=True) as server:
        print(server.url, flush=True)
        sys.stdin.readline()


def compare(url: str, texts: list[str], rounds: int) -> float:
    """Prints what was measured; gives back the ratio of the best rounds."""
    host = OllamaHost(url)
    embedder = OllamaEmbedder(f"ollama/{_MODEL}", host)
    assert embedder.max_tokens  # loads the model
    ours, keeping, bare = [], [], []
    for _ in range(rounds):
        bare.append(seconds_of_bare_loop(host, texts, keep=False))
        keeping.append(seconds_of_bare_loop(host, texts, keep=True))
        started = time.perf_counter()
        vectors = embedder.embed_documents(texts)
        ours.append(time.perf_counter() - started)
        assert vectors.shape == (len(texts), 768)
    print(f"{len(texts)} chunks of {statistics.mean(map(len, texts)):.0f} characters, 768 numbers")
    for name, measured in (
        ("bare loop, vectors thrown away", bare),
        ("bare loop, vectors kept", keeping),
        ("OllamaEmbedder", ours),
    ):
        print(f"{name:31}", " ".join(f"{seconds:.2f} s" for seconds in measured))
    ratio = min(ours) / min(keeping)
    print(f"ratio of the best to the loop that throws away: {min(ours) / min(bare):.2f}")
    print(f"ratio of the best to the loop that keeps: {ratio:.2f} (at most {_LIMIT})")
    return ratio


def seconds_of_bare_loop(host: OllamaHost, texts: list[str], *, keep: bool) -> float:
    """The same texts in the same batches, one after another; `keep` makes of the replies the
    array that embedders give back."""
    batches: list[list[str]] = [[]]
    characters = 0
    for text in texts:
        if len(batches[-1]) == 64 or characters + len(text) > 16_000:
            batches.append([])
            characters = 0
        batches[-1].append("title: none | text: " + text)
        characters += len(text)
    options = {"num_ctx": 2048, "num_batch": 2048}
    with host.client(60) as client:
        started = time.perf_counter()
        vectors = []
        for batch in batches:
            reply = client.embed(_MODEL, batch, truncate=False, options=options, keep_alive="30m")
            if keep:
                vectors.append(np.asarray(reply.embeddings, dtype=np.float32))
        if keep:
            np.concatenate(vectors)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
