#!/usr/bin/env python3
"""Files to square pictures on one core: sluice beside PIL and torchvision.io, on the same files in the same run.

    make build torchvision              # the program, and a Python with torchvision
    .toolchain/torchvision/bin/python examples/compare/pictures.py FOLDER [SIDE]

Prints a table of pictures a second (the best of three rounds) and how many times as fast sluice is as each of
the others. All make pictures of bytes, 8 bits a channel. Files are read from the disk's cache. Everything is held
to one core and one thread. `load` is the machine's load average before the run: above 0.5 or so the figures say
little.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bench

ROUNDS = 3


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})


def rate(files: list[Path], make: Callable[[Path], object]) -> float:
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
    output = bench.run("squares", [str(folder), str(side)])
    figures = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if not figures:
        sys.exit(f"sluice's bench 'squares' printed no figures:\n{output}")
    return figures[-1]["per_second"]


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, side = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 224
    if not files_of(folder):
        sys.exit(f"{folder} holds no .jpg or .png")
    load = os.getloadavg()[0]
    bench.hold_to(1)
    own = sluice(folder, side)
    rows = [["sluice", f"{own:.1f}", "1.00"]]
    rows += [[name, f"{its:.1f}", f"{own / its:.2f}"] for name, its in others(folder, side).items()]
    print(f"{len(files_of(folder))} files to {side} x {side}, 8 bits a channel; threads 1, load {load:.1f}\n")
    print(bench.table(["", "pictures/s", "sluice is x times as fast"], rows))


if __name__ == "__main__":
    main()
