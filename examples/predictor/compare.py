#!/usr/bin/env python3
"""Holds tables of probabilities against the first of them: of `sluice predict` (.csv), and of `predict.py`.

    python examples/predictor/compare.py sluice.csv torchscript.csv safetensors.csv onnx.csv

Prints the greatest and the mean difference of each to the first, and where the greatest is. Ends with 1 where a
difference is greater than --most, or where the tables are not of the same images.
"""

import argparse
import csv
import sys
from pathlib import Path


def read(file: Path) -> dict[str, float | None]:
    """By path; none where there is none."""
    try:
        with open(file, newline="", encoding="utf-8") as opened:
            said = ((row["path"], row["probability"]) for row in csv.DictReader(opened))
            return {path: float(probability) if probability else None for path, probability in said}
    except (OSError, UnicodeDecodeError, KeyError, ValueError) as error:
        sys.exit(f"{file} is no table of probabilities: {error!r}")


def difference(first: dict[str, float | None], other: dict[str, float | None]) -> tuple[float, float, str, int]:
    """Greatest, mean, where the greatest is, and of how many images only one of both tables has a probability."""
    apart, unlike = {}, 0
    for path in first.keys() | other.keys():
        one, two = first.get(path), other.get(path)
        if one is not None and two is not None:
            apart[path] = abs(one - two)
        else:
            unlike += (one is None) != (two is None) or path not in first or path not in other
    if not apart:
        return 0.0, 0.0, "", unlike
    where = max(sorted(apart), key=apart.__getitem__)
    return apart[where], sum(apart.values()) / len(apart), where, unlike


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path, metavar="FILE", help="what the others are held against")
    parser.add_argument("others", type=Path, metavar="FILE", nargs="+")
    parser.add_argument("--most", type=float, default=1e-4, help="greatest difference that is none (default: 1e-4)")
    chosen = parser.parse_args()
    first = read(chosen.first)
    if all(probability is None for probability in first.values()):
        sys.exit(f"{chosen.first} holds no probability")
    print(f"{len(first)} images; differences to {chosen.first}\n")
    print("| table | greatest | mean | at | only in one |\n| --- | ---: | ---: | --- | ---: |")
    fails = False
    for file in chosen.others:
        greatest, mean, where, unlike = difference(first, read(file))
        print(f"| {file} | {greatest:.2e} | {mean:.2e} | {where} | {unlike} |")
        fails |= not greatest <= chosen.most or unlike > 0
    if fails:
        sys.exit(f"\nnot the same: a difference is greater than {chosen.most:g}, or an image is in one table only")


if __name__ == "__main__":
    main()
