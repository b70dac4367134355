#!/usr/bin/env python3
"""Files to square pictures on one core: sluice beside PIL and torchvision.io, on the same files in the same run.

    make build torchvision              # the program, and a Python with torchvision
    .toolchain/torchvision/bin/python examples/compare/pictures.py FOLDER [SIDE]

Prints a table of pictures a second (the best of three rounds) and how many times as fast sluice is as
the best of the others. Files are read from the disk's cache. Everything is held to one core with
taskset. `load` is the machine's load average before the run: above 0.5 or so the figures say little.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})


def rate(files: list[Path], make) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for path in files:
            make(path)
        best = min(best, time.perf_counter() - begun)
    return len(files) / best


def others(folder: Path, side: int) -> dict[str, float]:
    import torch
    from PIL import Image
    from torchvision.io import ImageReadMode, decode_image, read_file
    from torchvision.transforms.v2.functional import resize

    torch.set_num_threads(1)
    files = files_of(folder)

    def whole(path: Path) -> None:
        Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)

    def reduced(path: Path) -> None:
        image = Image.open(path)
        image.draft("RGB", (side, side))
        image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)

    def torchvision(path: Path) -> None:
        picture = decode_image(read_file(str(path)), ImageReadMode.RGB)
        resize(picture, [side, side], antialias=True)

    return {
        "PIL, whole": rate(files, whole),
        "PIL, reduced": rate(files, reduced),
        "torchvision.io": rate(files, torchvision),
    }


def sluice(folder: Path, side: int) -> float:
    bench = ["cargo", "bench", "--quiet", "--profile", "dev", "--workspace", "--bench", "squares", "--"]
    command = ["taskset", "-c", "0", *bench, str(folder), str(side)]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return json.loads([line for line in output.splitlines() if line.startswith("{")][-1])["per_second"]


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, side = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 224
    if not files_of(folder):
        sys.exit(f"{folder} holds no .jpg or .png")
    load = os.getloadavg()[0]
    os.sched_setaffinity(0, {0})
    rates = others(folder, side)
    best = max(rates.values())
    rates["sluice"] = sluice(folder, side)
    print(f"{len(files_of(folder))} files to {side} x {side}, one core, load {load:.1f}")
    for name, per_second in rates.items():
        print(f"  {name:<16} {per_second:>8.1f} a second  {per_second / best:>5.2f}")


main()
