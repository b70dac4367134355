#!/usr/bin/env python3
"""A folder of images to a table of probabilities: sluice beside PyTorch, with the same predictor, cores and threads.

    make build torchvision              # the program, and a Python with PyTorch and Pillow
    sluice export model SESSION --format safetensors --to a/m.safetensors
    sluice export model SESSION --format torchscript --to b/m.pt
    .toolchain/torchvision/bin/python examples/compare/predict.py a/m.safetensors b/m.pt FOLDER --threads 2

Both files must be of the same session. Pictures a second, medians over the rounds:

  sluice                `sluice predict`, the whole command: its start, the search for images, the table
  PyTorch               torch.jit.load; files are decoded and made small by Pillow as the model card says, one after
                        the other, and asked about in batches
  PyTorch, ahead        the same, but as many threads as there are cores decode the next batches meanwhile

Of PyTorch's ways only the work is timed: from the search for images to the table; neither Python's start nor the
import of PyTorch, nor loading the file. All sides write a table. Sluice chooses its batches itself.

Sides take turns, one round after another. "sluice is x times as fast" is above 1 where sluice is the faster one. The
greatest difference between the probabilities says whether both did the same. Everything is held to as many cores as
threads. Files are read from the disk's cache after the first round, which is not counted. `load` is the machine's load
average before the run: above 0.5 or so the figures say little.
"""

import argparse
import csv
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from types import ModuleType

import bench

PROGRAM = bench.ROOT / "target/debug/sluice"
# Batches that are decoded ahead.
AHEAD = 2


def example() -> ModuleType:
    """`examples/predictor/predict.py`, which prepares pictures and loads the predictor."""
    spec = importlib.util.spec_from_file_location("predictor", bench.ROOT / "examples/predictor/predict.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Side:
    """PyTorch, with the files decoded by so many threads; none: by the one that asks."""

    def __init__(self, chosen: argparse.Namespace, threads: int) -> None:
        self.example, self.folder, self.batch = example(), chosen.folder, chosen.batch
        self.predictor = self.example.script(chosen.torchscript)
        self.pool = ThreadPoolExecutor(threads) if threads else None

    def run(self, to: Path) -> None:
        paths = self.example.images(self.folder)
        with open(to, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["path", "probability", "problem"])
            for names, squares in self.batches(paths):
                kept = [(name, square) for name, square in zip(names, squares, strict=True) if square]
                answers = self.ask([square for _, square in kept])
                table.writerows((name, answer, "") for (name, _), answer in zip(kept, answers, strict=True))

    def batches(self, paths: list[str]) -> Iterator[tuple[list[str], list]]:
        """Names, and the pictures, each made the size of each input; nothing of a file that can't be read."""
        batches = [paths[begin : begin + self.batch] for begin in range(0, len(paths), self.batch)]
        if not self.pool:
            yield from ((names, [self.squares(name) for name in names]) for names in batches)
            return
        under_way = [list(map(self.submit, names)) for names in batches[:AHEAD]]
        for at, names in enumerate(batches):
            if at + AHEAD < len(batches):
                under_way.append(list(map(self.submit, batches[at + AHEAD])))
            yield names, [waits.result() for waits in under_way.pop(0)]

    def submit(self, name: str):
        return self.pool.submit(self.squares, name)

    def squares(self, name: str) -> list:
        try:
            return [self.example.square(self.folder / name, side) for side in self.predictor.sides]
        except Exception:  # noqa: BLE001 - whatever a decoder says of a broken file
            return []

    def ask(self, squares: list[list]):
        import numpy

        return self.predictor.ask([numpy.stack(of_side) for of_side in zip(*squares)]) if squares else []


def sluice(chosen: argparse.Namespace, to: Path) -> None:
    what = [chosen.program, "predict", chosen.safetensors, chosen.folder]
    command = [*what, "--to", to, "--replace", "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"sluice predict failed:\n{done.stderr.strip()}")


def table(file: Path) -> dict[str, float]:
    with open(file, newline="", encoding="utf-8") as opened:
        return {row["path"]: float(row["probability"]) for row in csv.DictReader(opened) if row["probability"]}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("safetensors", type=Path, metavar="FILE.safetensors")
    parser.add_argument("torchscript", type=Path, metavar="FILE.pt")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--threads", type=int, default=2, help="of all sides, and cores (default: 2)")
    parser.add_argument("--batch", type=int, default=32, help="pictures at once, for PyTorch (default: 32)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side (default: 5)")
    parser.add_argument("--program", type=Path, default=PROGRAM, help="sluice (default: target/debug/sluice)")
    chosen = parser.parse_args()
    if min(chosen.rounds, chosen.batch) < 1:
        parser.error("there must be rounds and pictures")
    if not chosen.program.exists():
        parser.error(f"{chosen.program} is missing; run `make build`")
    return chosen


def main() -> None:
    chosen = arguments()
    load = os.getloadavg()[0]
    bench.hold_to(chosen.threads)
    try:
        import torch
    except ImportError as error:
        sys.exit(f"PyTorch is missing ({error}); run `make torchvision`, and see --help for its Python")
    torch.set_num_threads(chosen.threads)

    ways = {"PyTorch": Side(chosen, 0).run, "PyTorch, ahead": Side(chosen, chosen.threads).run}
    sides = {"sluice": lambda to: sluice(chosen, to), **ways}
    seconds: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{number}.csv" for number, name in enumerate(sides)}
        for turn in range(chosen.rounds + 1):
            print(f"round {turn} of {chosen.rounds}", file=sys.stderr)
            for name, work in sides.items():
                begun = time.perf_counter()
                work(files[name])
                if turn > 0:
                    seconds[name].append(time.perf_counter() - begun)
        said = {name: table(file) for name, file in files.items()}

    images = len(said["sluice"])
    own = median(seconds["sluice"])
    version = torch.__version__.split("+")[0]
    print(f"{images} images, PyTorch {version}; float32, threads {chosen.threads}, load {load:.1f}\n")
    rows = []
    for name in sides:
        its = median(seconds[name])
        both = said["sluice"].keys() & said[name].keys()
        apart = max((abs(said["sluice"][path] - said[name][path]) for path in both), default=float("nan"))
        rows.append([name, f"{images / its:.1f}", f"{its / own:.2f}", f"{apart:.1e}"])
    print(bench.table(["", "images/s", "sluice is x times as fast", "greatest difference"], rows))


if __name__ == "__main__":
    main()
