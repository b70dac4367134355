#!/usr/bin/env python3
"""Networks on the CPU: sluice beside PyTorch, with the same threads.

    make build torchvision              # the program, and a Python with torchvision
    .toolchain/torchvision/bin/python examples/compare/network.py --threads 2

Two tables, each from what sluice's bench says (`cargo bench --bench network`) and PyTorch's ways to do the same:

  features   MobileNetV3-small at 224 x 224, images a second: from bytes to the 576 features that the classifier
             would get. Weights are random. Sluice chooses itself how many pictures it asks about at once; PyTorch
             is measured with each --batch. Sluice's figure has keeping the features in it.
  training   the small network that trains in the background, milliseconds a step: 64 pictures of 32 x 32;
             forward, backward and AdamW's step. PyTorch is handed the pictures as normalised numbers; sluice's
             figure is a cycle's time by its steps, with changing the pictures and scoring some others in it.

  eager                 float32, as a network is when it is made
  channels-last         the same, the channels of a place side by side
  channels-last, bf16   the same under torch.autocast with bfloat16
  bf16 weights          features only: no autocast, everything but the norms in bfloat16
  bf16, folded          features only: the same with the norms folded into the convolutions
  fused AdamW           training only: channels-last and bf16 with AdamW(fused=True)

Sluice computes with bfloat16 where the processor is made for it (AVX-512 BF16), else with float32: there it
should be held against the ways without bf16. The tables name what it computed with.

Sides take turns, one round after another; figures are medians over the rounds. "sluice is x times as fast" is
above 1 where sluice is the faster one. Everything is held to as many cores as threads. `load` is the machine's
load average before the run: above 0.5 or so the figures say little.
"""

import argparse
import copy
import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import bench

if TYPE_CHECKING:
    from torch import Tensor, nn

SIDE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# The small network and its training, as in core/learn/src/training/recipe.rs and training/small.rs: channels of each
# convolution, and whether its output is halved.
LAYERS = ((16, False), (32, True), (32, False), (64, True), (64, False), (128, True), (128, False))
SMALL_SIDE = 32
STEP_OF = 64
POSITIVES = 21
SMOOTHING = 0.05
LEARNING_RATE, BETAS, WEIGHT_DECAY = 2e-3, (0.9, 0.99), 0.05

# What the bench prints.
FEATURES_LINE = re.compile(r"network mobilenet-v3-small batch (\d+) threads (\d+): ([\d.]+) images/s")
TRAINING_LINE = re.compile(r"training step batch (\d+) side (\d+) threads (\d+): ([\d.]+) ms")

# Does the work once.
Work = Callable[[], object]


class Said(NamedTuple):
    """What the bench measured with this number of threads."""

    features: list[float]
    # Pictures that it asked about at once.
    batches: set[int]
    training: list[float]


def read(output: str, threads: int) -> Said:
    said = Said([], set(), [])
    for batch, of, rate in FEATURES_LINE.findall(output):
        if int(of) == threads:
            said.features.append(float(rate))
            said.batches.add(int(batch))
    for batch, side, of, milliseconds in TRAINING_LINE.findall(output):
        if (int(of), int(side), int(batch)) == (threads, SMALL_SIDE, STEP_OF):
            said.training.append(float(milliseconds))
    return said


def ways_to_features(batch: int) -> dict[str, Work]:
    import torch
    from torch.fx.experimental.optimization import fuse
    from torchvision.models import mobilenet_v3_small

    network = mobilenet_v3_small().eval()
    for part in network.modules():
        # As torchvision makes them they are so small that hardly anything arrives at the end.
        if isinstance(part, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(part.weight)
    network.classifier = torch.nn.Identity()
    pictures = torch.randint(0, 256, (batch, 3, SIDE, SIDE), dtype=torch.uint8)
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))

    def way(network: "nn.Module", channels_last: bool, autocast: bool) -> Work:
        order = torch.channels_last if channels_last else torch.contiguous_format
        network = copy.deepcopy(network).to(memory_format=order)
        kind = next(network.parameters()).dtype
        given = pictures.contiguous(memory_format=order)

        def once() -> "Tensor":
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                return network(((given / 255 - mean) / deviation).to(kind))

        return once

    halved = copy.deepcopy(network).bfloat16()
    for part in halved.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.float()
    return {
        "eager, float32": way(network, False, False),
        "channels-last, float32": way(network, True, False),
        "channels-last, bf16": way(network, True, True),
        "bf16 weights": way(halved, True, False),
        "bf16, folded": way(fuse(network).bfloat16(), True, False),
    }


def small_network() -> "tuple[nn.Module, nn.Module]":
    """Its convolutions, and its last layer, which takes the strongest answer of every channel."""
    from torch import nn

    parts: list[nn.Module] = []
    channels = 3
    for out, halved in LAYERS:
        parts.append(nn.Conv2d(channels, out, 3, padding=1, bias=False))
        if halved:
            parts.append(nn.MaxPool2d(2))
        parts += [nn.BatchNorm2d(out), nn.ReLU()]
        channels = out
    return nn.Sequential(*parts), nn.Linear(channels, 1)


def ways_to_train(batch: int) -> dict[str, Work]:
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as log_loss

    pictures = torch.randn(batch, 3, SMALL_SIDE, SMALL_SIDE)
    targets = (torch.arange(batch) < POSITIVES).float() * (1 - 2 * SMOOTHING) + SMOOTHING

    def way(channels_last: bool, autocast: bool, fused: bool = False) -> Work:
        order = torch.channels_last if channels_last else torch.contiguous_format
        convolutions, last = small_network()
        convolutions.to(memory_format=order)
        given = pictures.contiguous(memory_format=order)
        weights = [*convolutions.parameters(), *last.parameters()]
        optimiser = torch.optim.AdamW(weights, LEARNING_RATE, BETAS, weight_decay=WEIGHT_DECAY, fused=fused)

        def once() -> float:
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                strongest = convolutions(given).amax((2, 3))
            loss = log_loss(last(strongest.float())[:, 0], targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            return loss.item()

        return once

    return {
        "eager, float32": way(False, False),
        "channels-last, float32": way(True, False),
        "channels-last, bf16": way(True, True),
        "fused AdamW": way(True, True, fused=True),
    }


def seconds_each(work: Work, seconds: float) -> float:
    """Seconds that it takes once, tried for so long."""
    for _ in range(2):
        work()
    begun, done = time.perf_counter(), 0
    while done == 0 or time.perf_counter() - begun < seconds:
        work()
        done += 1
    return (time.perf_counter() - begun) / done


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="of both sides, and cores (default: 2)")
    parser.add_argument(
        "--batch",
        type=int,
        nargs="+",
        default=[32, 128],
        metavar="N",
        help="pictures at once, for PyTorch's features (default: 32 128)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side (default: 5)")
    parser.add_argument("--seconds", type=float, default=2, help="of each of PyTorch's ways in a round (default: 2)")
    sluice = parser.add_mutually_exclusive_group()
    sluice.add_argument("--sluice", type=Path, metavar="FILE", help="sluice's figures: what the bench printed before")
    sluice.add_argument("--without-sluice", action="store_true", help="only PyTorch")
    chosen = parser.parse_args()
    if min(chosen.rounds, *chosen.batch) < 1:
        parser.error("there must be rounds and pictures")
    return chosen


def compare(what: str, unit: str, sluice: list[float], others: dict[str, list[float]], name: str) -> None:
    """Prints a table. Of images a second more is faster, of milliseconds less."""
    own = median(sluice) if sluice else None
    rows = [[name, f"{own:.1f}", "1.00"]] if own else []
    for name, figures in others.items():
        its = median(figures)
        times = (its / own if unit == "ms" else own / its) if own else None
        rows.append([f"PyTorch, {name}", f"{its:.1f}", f"{times:.2f}" if times else ""])
    print(f"{what}\n\n{bench.table(['', unit, 'sluice is x times as fast'], rows)}\n")


def main() -> None:
    chosen = arguments()
    load = os.getloadavg()[0]
    bench.hold_to(chosen.threads)
    try:
        import torch
        import torchvision
    except ImportError as error:
        sys.exit(f"PyTorch is missing ({error}); run `make torchvision`, and see --help for its Python")
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(1)

    features = {batch: ways_to_features(batch) for batch in chosen.batch}
    training = ways_to_train(STEP_OF)
    rates: dict[str, list[float]] = defaultdict(list)
    steps: dict[str, list[float]] = defaultdict(list)
    sluice = bench.saved(chosen.sluice) if chosen.sluice else ""
    said = read(sluice, chosen.threads)
    for turn in range(chosen.rounds):
        print(f"round {turn + 1} of {chosen.rounds}", file=sys.stderr)
        if not chosen.without_sluice:
            if not chosen.sluice:
                sluice += bench.run("network")
            said = read(sluice, chosen.threads)
            if not (said.features and said.training):
                sys.exit(
                    f"sluice's figures lack features, or training by {STEP_OF} pictures at {SMALL_SIDE}, "
                    f"with {chosen.threads} threads; they are:\n{sluice}"
                )
        for batch, ways in features.items():
            for name, work in ways.items():
                rates[f"{name}, {batch} at once"].append(batch / seconds_each(work, chosen.seconds))
        for name, work in training.items():
            steps[name].append(1e3 * seconds_each(work, chosen.seconds))

    versions = f"PyTorch {torch.__version__.split('+')[0]}, torchvision {torchvision.__version__.split('+')[0]}"
    print(f"{versions}; threads {chosen.threads}, rounds {chosen.rounds}, load {load:.1f}\n")
    if chosen.sluice:
        print(f"sluice's figures are those of {chosen.sluice} and not of this run: the ratios say less\n")
    at_once = " or ".join(str(batch) for batch in sorted(said.batches))
    own = f"; sluice asks about {at_once} at once" if at_once else ""
    # Saved figures may be of another machine, and of another kind of number.
    name = f"sluice, {chosen.sluice.name}" if chosen.sluice else f"sluice, {bench.kind()}"
    compare(f"Features: MobileNetV3-small at {SIDE}{own}", "images/s", said.features, rates, name)
    compare(f"Training: a step of {STEP_OF} pictures at {SMALL_SIDE}", "ms", said.training, steps, name)


if __name__ == "__main__":
    main()
