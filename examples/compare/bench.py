"""What the comparisons share: the same cores and threads for both sides, sluice's own benches, a table.

No script of its own. It knows nothing of PyTorch: `hold_to` must come before anything that makes threads.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What libtorch, PyTorch, NumPy and SciPy read when they are loaded.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def hold_to(threads: int) -> None:
    """Holds this process and those that it starts to so many cores, and as many threads."""
    cores = sorted(os.sched_getaffinity(0))
    if not 1 <= threads <= len(cores):
        sys.exit(f"--threads {threads}: this process may use 1 to {len(cores)}")
    os.sched_setaffinity(0, cores[:threads])
    os.environ.update(dict.fromkeys(THREADS, str(threads)))


def run(bench: str, arguments: Sequence[str] = ()) -> str:
    """What a bench of sluice prints. It is built first where that was not done, which takes minutes."""
    command = ["cargo", "bench", "--quiet", "--profile", "dev", "--workspace", "--bench", bench, "--", *arguments]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit("cargo is missing; install Rust (rustup.rs)")
    if done.returncode != 0:
        last = "\n".join(done.stderr.strip().splitlines()[-8:])
        sys.exit(f"sluice's bench '{bench}' failed; does `make build` pass?\n{last}")
    return done.stdout


def kind() -> str:
    """What sluice computes networks with on this processor, as core/learn/src/device.rs decides."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "float32"
    return "bfloat16" if "avx512_bf16" in flags else "float32"


def saved(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"--sluice: {error}")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As Markdown; numbers to the right of their column, the first column to the left."""
    widths = [max(len(line[at]) for line in (columns, *rows)) for at in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        numbers = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return "| " + " | ".join([cells[0].ljust(widths[0]), *numbers]) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([line(columns), rule, *map(line, rows)])
