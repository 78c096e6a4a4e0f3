"""What indexing costs, each figure beside a bare loop measured in the same run.

    python scripts/bench/ingest.py [--files 20000] [--tree handbook|generated|filings ...]
                                   [--model wordllama|ollama ...] [--rounds 1]

For each tree and model: a cold run of `ragkit index` and of `bare_ingest.py`, whole processes;
then a run that finds nothing changed, beside a bare walk and beside the same run on an index of
one file, which is what starting costs; then a run after 1 % of the files got another paragraph.
Peak memory is that of the main process, and of its workers together. "ollama" is the test double
on loopback with vectors that cost nothing. Ends with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from data import folder
from process_cost import Cost, run
from tree import change_some, make_tree

_HERE = Path(__file__).parent
_MODELS = {"wordllama": "wordllama/l2_supercat_256", "ollama": "ollama/embeddinggemma"}
_MANY_FILES = 10_000
_FILINGS = 1.5
_COLD, _UNCHANGED, _CHANGED, _PEAK_MB = 1.15, 1.5, 0.03, 500


@dataclass(frozen=True)
class Setting:
    """One tree indexed with one model, in a folder of its own."""

    tree: Path
    work: Path
    model: str
    host: str

    def ragkit(self, tree: Path, database: str) -> Cost:
        where = [str(tree), "--db", str(self.work / database), "--json"]
        command = [sys.executable, "-m", "ragkit", "index", *where, "--embedder", self.model]
        return run([*command, *self._host])

    def bare(self, database: str) -> Cost:
        script = str(_HERE / "bare_ingest.py")
        where = [str(self.tree), str(self.work / database), self.model]
        return run([sys.executable, script, *where, *self._host])

    @property
    def _host(self) -> list[str]:
        return ["--embed-host", self.host] if self.model.startswith("ollama") else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    trees = ("handbook", "generated", "filings")
    parser.add_argument("--tree", nargs="+", choices=trees, default=["handbook", "generated"])
    parser.add_argument("--model", nargs="+", choices=_MODELS, default=list(_MODELS))
    parser.add_argument("--rounds", type=int, default=1, help="cold runs; the best one counts")
    options = parser.parse_args()
    double = subprocess.Popen(
        [sys.executable, str(_HERE / "ollama_overhead.py"), "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert double.stdout is not None
    missed = 0
    try:
        host = double.stdout.readline().strip()
        for name in options.tree:
            for model in options.model:
                with tempfile.TemporaryDirectory() as work:
                    tree = tree_of(name, Path(work), options.files)
                    setting = Setting(tree, Path(work), _MODELS[model], host)
                    print(f"\n{name}, {model}")
                    missed += measure(setting, options.rounds, name)
    finally:
        double.communicate("done\n")
    raise SystemExit(bool(missed))


def tree_of(name: str, work: Path, files: int) -> Path:
    """A copy that may be changed."""
    tree = work / "tree"
    if name == "generated":
        make_tree(tree, files)
    elif name == "handbook":
        shutil.copytree(folder("tree_handbook"), tree)
    else:
        tree.mkdir()
        for path in sorted(folder("sec10q").rglob("*.pdf")):
            shutil.copy2(path, tree)
    return tree


def measure(setting: Setting, rounds: int, name: str) -> int:
    """Prints every figure of one setting; gives back how many targets were missed."""
    size = sum(path.stat().st_size for path in setting.tree.rglob("*") if path.is_file())
    bare = min((setting.bare(f"bare-{n}") for n in range(rounds)), key=_seconds)
    cold = min(
        (setting.ragkit(setting.tree, f"cold-{n}/.ragkit") for n in range(rounds)), key=_seconds
    )
    report = json.loads(cold.output)
    ratio = cold.seconds / bare.seconds
    rate = f"{size / 1e6 / cold.seconds:.1f} MB/s, {report['chunks'] / cold.seconds:.0f} chunks/s"
    print(f"  {report['added']} files, {size / 1e6:.1f} MB, {report['chunks']} chunks")
    _line("bare loop", bare, f"{json.loads(bare.output)} chunks")
    _line("ragkit index, cold", cold, rate)
    by_processor = cold.cpu_seconds / bare.cpu_seconds
    if name == "filings":
        print(f"  {'cold / bare loop':32} {ratio:8.3f}")
        missed = _target("the same of CPU seconds", by_processor, _FILINGS)
    else:
        missed = _target("cold / bare loop", ratio, _COLD)
        print(f"  {'the same of CPU seconds':32} {by_processor:8.3f}")
    missed += _target("peak memory, MB", cold.peak_mb, _PEAK_MB)
    missed += unchanged(setting)
    count = change_some(setting.tree, 0.01) if name != "filings" else 0
    if count:
        changed = setting.ragkit(setting.tree, "cold-0/.ragkit")
        _line(f"{count} files changed", changed, "")
        missed += _target("1 % changed / cold", changed.seconds / cold.seconds, _CHANGED)
    return missed


def unchanged(setting: Setting) -> int:
    """The run that finds nothing to do, beside a bare walk of the same tree."""
    one = setting.work / "one" / "file.md"
    one.parent.mkdir()
    one.write_text("One file.\n", encoding="utf-8")
    setting.ragkit(one.parent, "one.ragkit")
    start = min((setting.ragkit(one.parent, "one.ragkit") for _ in range(5)), key=_seconds)
    setting.ragkit(setting.tree, "cold-0/.ragkit")
    again = min((setting.ragkit(setting.tree, "cold-0/.ragkit") for _ in range(5)), key=_seconds)
    walk_script = [sys.executable, str(_HERE / "bare_ingest.py"), str(setting.tree), "--walk"]
    walk = json.loads(run(walk_script).output)
    _line("nothing changed", again, "")
    _line("  of that, starting", start, "(the same on an index of one file)")
    print(f"  {'bare scandir and stat':24} {walk:8.3f} s")
    if json.loads(again.output)["unchanged"] < _MANY_FILES:
        return 0  # the walk is shorter than what starting differs by
    return _target(
        "(unchanged - starting) / walk", (again.seconds - start.seconds) / walk, _UNCHANGED
    )


def _seconds(cost: Cost) -> float:
    return cost.seconds


def _line(name: str, cost: Cost, more: str) -> None:
    memory = f"{cost.peak_mb:.0f} MB" + (f" + {cost.workers_mb:.0f} MB" if cost.workers_mb else "")
    print(
        f"  {name:24} {cost.seconds:8.3f} s, {cost.cpu_seconds:7.3f} CPU s, {memory}  {more}",
        flush=True,
    )


def _target(name: str, value: float, most: float) -> bool:
    met = value <= most
    print(f"  {name:32} {value:8.3f}  (at most {most:g}) {'' if met else 'MISSED'}", flush=True)
    return not met


if __name__ == "__main__":
    main()
