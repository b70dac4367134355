#!/usr/bin/env python3
"""The cost of one answer: sluice beside scikit-learn and PyTorch, on the same data with the same threads.

    make build torchvision              # the program, and a Python with PyTorch
    .toolchain/torchvision/bin/python examples/compare/head.py --threads 2

scikit-learn is measured where that Python has it; it comes with
    .toolchain/torchvision/bin/python -m pip install scikit-learn

An answer adds one label; then the model is fitted again, from where it stood, and all pictures are scored.
Every side fits the same thing, balanced logistic regression with its bias b not penalised, on standardised
features x:

    J(β, b) = Σ wᵢ·logloss(yᵢ, βᵀxᵢ + b) + (λ/2)‖β‖²,  wᵢ = n / (2·n of its class),  λ = 0.2·mean‖x‖²

  sluice          `cargo bench --bench answer`, its column "fit and score": from the label to the probabilities.
                  Newton steps, from 1,500 labels on by conjugate gradients, until one lowers J by less than
                  1e-4 of it, in float32; rows of 16-bit numbers are scored. The bench says nothing of fit and
                  score apart, and of how near J came to the least.
  scikit-learn    LogisticRegression(C=1/λ, class_weight="balanced", solver="lbfgs", warm_start=True) with its
                  own tolerance, and predict_proba. Its J is ours divided by λ, so the minimum is the same.
  PyTorch Newton  full Newton steps (Cholesky), ended as sluice ends them, and a product of 32-bit numbers.
  PyTorch LBFGS   torch.optim.LBFGS on J/n with a line search and scikit-learn's tolerance, and the same
                  product.

The data are made as the bench makes them: noise through one layer of random weights, one row in ten positive,
float32. They have rank 48 whatever the number of features, which L-BFGS likes. All but sluice are handed
standardised rows and the labels as arrays, so what they do is a little less.

Sides take turns, one round after another. The figures are medians: of sluice over the rounds' medians, of the
others over all answers. "J above least" is how far the last fit was from the minimum, as a share of it.
Everything is held to as many cores as threads. `load` is the machine's load average before the run: above 0.5
or so the figures say little.
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import bench

if TYPE_CHECKING:
    from torch import Tensor

RIDGE = 0.2
# Of the bench's pictures of noise.
SIDE = 4
PREVALENCE = 10
PICTURES = 20_000
MANY_PICTURES = 1_000_000
MOST_LABELS = PICTURES
# Rows that features are standardised by, at most.
MEASURED_ON = 10_000
# Sluice ends a fit after so many steps, or with one that lowers J by less than this share.
MOST_STEPS = 12
TOLERANCE = 1e-4
# scikit-learn's own: no part of the gradient of J/n may be larger.
GRADIENT = 1e-4


class Setting(NamedTuple):
    images: int
    features: int
    labels: int


class Pool:
    """Standardised features of all pictures (images, d), and their answers (images)."""

    def __init__(self, images: int, features: int) -> None:
        import torch

        pixels = noise(images)
        torch.manual_seed(1)
        layer = torch.randn(features, 3, SIDE, SIDE) * 0.2
        rows = ((pixels / 255 - 0.5) / 0.3).flatten(1) @ layer.flatten(1).T
        some = rows[:: -(-images // MEASURED_ON)]
        mean, deviation = some.mean(0), some.std(0, correction=0)
        self.x = rows.sub_(mean).div_(deviation)
        self.y = (torch.arange(images) % PREVALENCE == 0).float()
        self.squares = self.x[:MOST_LABELS].square().sum(1).double().cumsum(0)

    def ridge(self, labels: int) -> float:
        """λ for the first labels."""
        return RIDGE * self.squares[labels - 1].item() / labels

    def weights(self, labels: int) -> "Tensor":
        y = self.y[:labels]
        positives = y.sum()
        return y * (labels / (2 * positives)) + (1 - y) * (labels / (2 * (labels - positives)))


def noise(images: int) -> "Tensor":
    """The bench's pictures (images, 3, SIDE, SIDE), 0 to 255: those that are positive are redder."""
    import numpy as np
    import torch

    state = np.arange(images, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) | np.uint64(1)
    values = np.empty((images, SIDE * SIDE * 3), np.float32)
    for at in range(values.shape[1]):
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        values[:, at] = state >> np.uint64(32) & np.uint64(255)
    redder = values[::PREVALENCE, ::3]
    np.minimum(redder + 40, 255, out=redder)
    return torch.from_numpy(values).view(images, SIDE, SIDE, 3).permute(0, 3, 1, 2)


class Objective:
    """J of the first labels; rows (n, d + 1) end in 1 for the bias, and so does what is fitted, (d + 1)."""

    def __init__(self, rows: "Tensor", pool: Pool, labels: int) -> None:
        self.rows = rows[:labels]
        self.y = pool.y[:labels].to(rows.dtype)
        self.weights = pool.weights(labels).to(rows.dtype)
        self.penalty = rows.new_full((rows.shape[1],), pool.ridge(labels))
        self.penalty[-1] = 0

    def value(self, at: "Tensor") -> "Tensor":
        from torch.nn.functional import softplus

        logits = self.rows @ at
        return self.weights @ (softplus(logits) - self.y * logits) + 0.5 * (self.penalty * at) @ at

    def newton(self, at: "Tensor", tolerance: float) -> "Tensor":
        """Newton steps, each halved until it lowers J, until one lowers it by less than this share."""
        import torch

        lowest = self.value(at).item()
        for _ in range(MOST_STEPS):
            p = torch.sigmoid(self.rows @ at)
            gradient = self.rows.T @ (self.weights * (p - self.y)) + self.penalty * at
            bent = self.rows * (self.weights * p * (1 - p))[:, None]
            factor = torch.linalg.cholesky(self.rows.T @ bent + torch.diag(self.penalty))
            step = torch.cholesky_solve(gradient[:, None], factor)[:, 0]
            for halved in range(7):
                there = at - step / 2**halved
                lower = self.value(there).item()
                if lower < lowest:
                    break
            else:
                return at
            fell = lowest - lower
            at, lowest = there, lower
            if fell < tolerance * lower:
                break
        return at


class Side(Protocol):
    """Fits to the first labels from where it stood, and scores all pictures."""

    def __init__(self, pool: Pool) -> None: ...
    def fit(self, labels: int) -> None: ...
    def score(self) -> Any: ...
    def fitted(self) -> "Tensor":
        """β and b, (d + 1)."""


class Newton:
    def __init__(self, pool: Pool) -> None:
        import torch

        self.pool = pool
        self.rows = torch.nn.functional.pad(pool.x[:MOST_LABELS], (0, 1), value=1.0)
        self.at = torch.zeros(pool.x.shape[1] + 1)

    def fit(self, labels: int) -> None:
        self.at = Objective(self.rows, self.pool, labels).newton(self.at, TOLERANCE)

    def score(self) -> "Tensor":
        return (self.pool.x @ self.at[:-1] + self.at[-1]).sigmoid()

    def fitted(self) -> "Tensor":
        return self.at


class Lbfgs(Newton):
    def fit(self, labels: int) -> None:
        import torch

        objective = Objective(self.rows, self.pool, labels)
        at = self.at.clone().requires_grad_()
        optimiser = torch.optim.LBFGS(
            [at], max_iter=1000, tolerance_grad=GRADIENT, tolerance_change=0, line_search_fn="strong_wolfe"
        )

        def closure() -> "Tensor":
            optimiser.zero_grad()
            loss = objective.value(at) / labels
            loss.backward()
            return loss

        with torch.enable_grad():
            optimiser.step(closure)
        self.at = at.detach()


class ScikitLearn:
    def __init__(self, pool: Pool) -> None:
        from sklearn.linear_model import LogisticRegression

        self.pool, self.x, self.y = pool, pool.x.numpy(), pool.y.numpy()
        self.model = LogisticRegression(
            class_weight="balanced", solver="lbfgs", tol=GRADIENT, max_iter=1000, warm_start=True
        )

    def fit(self, labels: int) -> None:
        self.model.set_params(C=1 / self.pool.ridge(labels)).fit(self.x[:labels], self.y[:labels])

    def score(self) -> Any:
        return self.model.predict_proba(self.x)[:, 1]

    def fitted(self) -> "Tensor":
        import torch

        return torch.tensor([*self.model.coef_[0], *self.model.intercept_])


class Measured:
    """What all answers of one side at one setting took, seconds."""

    def __init__(self) -> None:
        self.fits: list[float] = []
        self.scores: list[float] = []
        self.gap = 0.0

    def add(self, kind: type[Side], pool: Pool, least: "Tensor", labels: int, answers: int) -> None:
        """One more round; the first fit, from nothing, does not count."""
        side = kind(pool)
        side.fit(labels - answers)
        side.score()
        for known in range(labels - answers + 1, labels + 1):
            begun = time.perf_counter()
            side.fit(known)
            between = time.perf_counter()
            side.score()
            self.fits.append(between - begun)
            self.scores.append(time.perf_counter() - between)
        self.gap = (height(pool, labels, side.fitted()) / height(pool, labels, least) - 1).item()

    def row(self, name: str, sluice: float | None) -> list[str]:
        whole = 1e3 * median(fit + score for fit, score in zip(self.fits, self.scores, strict=True))
        parts = [f"{1e3 * median(times):.1f}" for times in (self.fits, self.scores)]
        return [name, *parts, f"{whole:.1f}", times_sluice(whole, sluice), f"{self.gap:.0e}"]


def exact(pool: Pool, labels: int) -> Objective:
    import torch

    rows = torch.nn.functional.pad(pool.x[:labels].double(), (0, 1), value=1.0)
    return Objective(rows, pool, labels)


def height(pool: Pool, labels: int, at: "Tensor") -> "Tensor":
    """J, in double precision."""
    return exact(pool, labels).value(at.double())


def times_sluice(milliseconds: float, sluice: float | None) -> str:
    return f"{milliseconds / sluice:.1f}" if sluice else ""


def read(output: str) -> dict[Setting, list[float]]:
    """Milliseconds of each setting in what the bench printed, once or more often."""
    found = defaultdict(list)
    for line in output.splitlines():
        cells = [cell.strip().replace(",", "") for cell in line.strip().strip("|").split("|")]
        try:
            images, features, labels, p50 = cells[:4]
            found[Setting(int(images), int(features), int(labels))].append(float(p50))
        except ValueError:
            continue  # The head of the table, or no part of it.
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="of every side, and cores (default: 2)")
    parser.add_argument(
        "--labels",
        type=int,
        nargs="+",
        default=[200, 1000, 3000, 10_000],
        metavar="N",
        help="(default: 200 1000 3000 10000)",
    )
    parser.add_argument("--features", type=int, nargs="+", default=[256, 576], metavar="D", help="(default: 256 576)")
    parser.add_argument(
        "--large", action="store_true", help="also a million pictures of 576 features (5 GB of memory, much longer)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (default: 3)")
    parser.add_argument("--answers", type=int, default=20, help="of the other sides in each round (default: 20)")
    sluice = parser.add_mutually_exclusive_group()
    sluice.add_argument("--sluice", type=Path, metavar="FILE", help="sluice's figures: what the bench printed before")
    sluice.add_argument("--without-sluice", action="store_true", help="only the other sides")
    chosen = parser.parse_args()
    if min(chosen.rounds, chosen.answers) < 1 or min(chosen.labels) < 2 * PREVALENCE + chosen.answers:
        parser.error("there must be rounds and answers, and 20 labels more than answers")
    if max(chosen.labels) > MOST_LABELS:
        parser.error(f"at most {MOST_LABELS} labels")
    return chosen


def sides() -> dict[str, type[Side]]:
    found: dict[str, type[Side]] = {}
    try:
        import sklearn.linear_model

        found[f"scikit-learn {sklearn.__version__}"] = ScikitLearn
    except ImportError as error:
        print(f"scikit-learn is left out ({error}); see --help\n")
    try:
        import torch
    except ImportError as error:
        sys.exit(f"PyTorch is missing ({error}); run `make torchvision`, and see --help for its Python")
    version = torch.__version__.split("+")[0]
    return found | {f"PyTorch {version} Newton": Newton, f"PyTorch {version} LBFGS": Lbfgs}


def main() -> None:
    chosen = arguments()
    load = os.getloadavg()[0]
    bench.hold_to(chosen.threads)
    others = sides()
    import torch

    torch.set_num_threads(chosen.threads)
    torch.set_grad_enabled(False)

    sizes = [(PICTURES, features) for features in chosen.features]
    if chosen.large:
        sizes.append((MANY_PICTURES, 576))
    settings = [Setting(*size, labels) for size in sizes for labels in chosen.labels]
    least = {}
    measured: dict[tuple[Setting, str], Measured] = defaultdict(Measured)
    sluice = bench.saved(chosen.sluice) if chosen.sluice else ""
    for turn in range(chosen.rounds):
        print(f"round {turn + 1} of {chosen.rounds}", file=sys.stderr)
        if not chosen.sluice and not chosen.without_sluice:
            sluice += bench.run("answer", [str(max(images for images, _ in sizes))])
        for size in sizes:
            pool = Pool(*size)
            for setting in settings:
                if setting[:2] != size:
                    continue
                if setting not in least:
                    zero = torch.zeros(setting.features + 1, dtype=torch.float64)
                    least[setting] = exact(pool, setting.labels).newton(zero, 1e-12)
                for name, kind in others.items():
                    measured[setting, name].add(kind, pool, least[setting], setting.labels, chosen.answers)

    print(f"One answer; float32, threads {chosen.threads}, rounds {chosen.rounds}, load {load:.1f}\n")
    if chosen.sluice:
        print(f"sluice's figures are those of {chosen.sluice} and not of this run: the ratios say less\n")
    known = read(sluice)
    if sluice and not any(setting in known for setting in settings):
        print("sluice's figures hold none of these numbers of pictures, features and labels\n")
    for setting in settings:
        print(f"{setting.images} pictures, {setting.features} features, {setting.labels} labels\n")
        whole = median(known[setting]) if setting in known else None
        said = [f"{whole:.1f}", "1.0"] if whole else ["not measured", ""]
        rows = [["sluice", "", "", *said, ""]] if not chosen.without_sluice else []
        rows += [measured[setting, name].row(name, whole) for name in others]
        print(bench.table(["", "fit ms", "score ms", "answer ms", "times sluice's", "J above least"], rows) + "\n")


if __name__ == "__main__":
    main()
