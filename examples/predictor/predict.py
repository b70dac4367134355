#!/usr/bin/env python3
"""Asks a predictor that sluice has exported about every image of a folder, without sluice.

    sluice export model SESSION --format onnx --to scratches.onnx       (or torchscript .pt, or safetensors)
    python examples/predictor/predict.py scratches.onnx FOLDER --to predictions.csv

Each format needs other packages, besides numpy and Pillow:

  .onnx          onnxruntime
  .pt            torch; reads how large the pictures are from the .pt.json that was written beside it
  .safetensors   torch, safetensors; the graph in the file is run here, node by node

The table is what `sluice predict` writes: path, probability, problem. `compare.py` holds such tables against each
other.
"""

import argparse
import csv
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from torch import Tensor

# Names that sluice takes for images.
ENDINGS = (
    "bmp dib exr ff gif hdr ico jfif jpe jpeg jpg pam pbm pgm png pnm ppm qoi tga tif tiff webp apng"
).split()
# As many pixels as sluice decodes at most.
Image.MAX_IMAGE_PIXELS = 200_000_000


class Predictor(NamedTuple):
    """What can be asked: for each side in pixels the same pictures, bytes (n, side, side, 3); P(positive), (n)."""

    sides: list[int]
    ask: Callable[[list[numpy.ndarray]], numpy.ndarray]


# From a file to what the predictor takes: step by step what the model card says.


def square(path: Path, side: int) -> numpy.ndarray:
    picture = Image.open(path)
    if picture.mode != "CMYK":
        # A JPEG is decoded at an eighth, a quarter or a half of its size, where that is enough; others are not.
        picture.draft("RGB", (side, side))
    picture = rgb(ImageOps.exif_transpose(picture))
    # In two calls: in one, newer Pillows choose by the shape which way is first.
    picture = picture.resize((side, picture.height), Image.Resampling.BILINEAR)
    return numpy.asarray(picture.resize((side, side), Image.Resampling.BILINEAR))


def rgb(picture: Image.Image) -> Image.Image:
    """Of 8 bits each; transparency is dropped."""
    if picture.mode.startswith("I"):
        levels = numpy.asarray(picture).astype(numpy.uint32)
        picture = Image.fromarray(((levels + 128) // 257).astype(numpy.uint8))
    elif picture.mode == "F":
        levels = numpy.clip(numpy.asarray(picture), 0, 1)
        picture = Image.fromarray(numpy.floor(levels * 255 + 0.5).astype(numpy.uint8))
    return picture.convert("RGB")


# What is asked.


def script(file: Path) -> Predictor:
    import torch

    described = file.with_name(f"{file.name}.json")
    try:
        inputs = json.loads(described.read_text())["predictor"]["inputs"]
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{described} does not say how large the pictures are: {error!r}; `sluice export model` writes it")
    model = torch.jit.load(file).eval()

    def ask(pictures: list[numpy.ndarray]) -> numpy.ndarray:
        with torch.no_grad():
            return model(*map(torch.from_numpy, pictures)).numpy()

    return Predictor([taken["side"] for taken in inputs], ask)


def onnx(file: Path) -> Predictor:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    model = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    inputs = model.get_inputs()

    def ask(pictures: list[numpy.ndarray]) -> numpy.ndarray:
        names = (taken.name for taken in inputs)
        [probabilities] = model.run(["probability"], dict(zip(names, pictures, strict=True)))
        return probabilities

    return Predictor([taken.shape[1] for taken in inputs], ask)


def tensors(file: Path) -> Predictor:
    import torch
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        description = json.loads((opened.metadata() or {}).get("sluice.predictor", "null"))
        every = {name: opened.get_tensor(name) for name in opened.keys()}
    if description is None or description["version"] != 1:
        sys.exit(f"{file} is no predictor, or one of a newer sluice")
    inputs = [taken["name"] for taken in description["inputs"]]
    parts = [(part, way(part, every)) for part in description["parts"]]

    def ask(pictures: list[numpy.ndarray]) -> numpy.ndarray:
        given = dict(zip(inputs, map(torch.from_numpy, pictures), strict=True))
        with torch.no_grad():
            logits = [run(given[part["input"]]).squeeze(1) * part["factor"] for part, run in parts]
            return (sum(logits) + description["offset"]).sigmoid().numpy()

    return Predictor([taken["side"] for taken in description["inputs"]], ask)


def way(part: dict[str, Any], every: "dict[str, Tensor]") -> "Callable[[Tensor], Tensor]":
    """From pictures (n, side, side, 3), bytes, to logits (n, 1)."""
    prefix = part["name"] + "."
    own = {name.removeprefix(prefix): every[name] for name in every if name.startswith(prefix)}
    if part["way"] == "network":
        return Network(part["graph"], own)
    return lambda pictures: patches(pictures, own)


class Network:
    """A graph of named nodes with the meanings of PyTorch (core/learn/src/network.rs of sluice)."""

    def __init__(self, graph: dict[str, Any], own: "dict[str, Tensor]") -> None:
        self.graph, self.own, self.ops = graph, own, ops()
        nodes = {node["name"]: node for node in graph["nodes"]}
        needed, to_see = set(), [graph["features"]]
        while to_see:
            name = to_see.pop()
            if name in nodes and name not in needed:
                needed.add(name)
                to_see += nodes[name]["inputs"]
        order = TopologicalSorter({name: nodes[name]["inputs"] for name in needed}).static_order()
        self.nodes = [nodes[name] for name in order if name in nodes]

    def __call__(self, pictures: "Tensor") -> "Tensor":
        import torch

        given = self.graph["input"]
        mean, deviation = (torch.tensor(given[what]).view(1, 3, 1, 1) for what in ("mean", "standard_deviation"))
        outputs = {"input": (maps(pictures) / 255 - mean) / deviation}
        for node in self.nodes:
            inputs = [outputs[name] for name in node["inputs"]]
            op, settings = (node["op"], None) if isinstance(node["op"], str) else next(iter(node["op"].items()))
            outputs[node["name"]] = self.ops[op](inputs, settings, lambda name, node=node: self.parameter(node, name))
        return outputs[self.graph["features"]]

    def parameter(self, node: dict[str, Any], name: str) -> "Tensor | None":
        """Of a node; none where it has none. Some nodes have but one, without a name of its own."""
        return self.own.get(".".join(part for part in (node["parameters"], name) if part))


def maps(pictures: "Tensor") -> "Tensor":
    return pictures.permute(0, 3, 1, 2).float()


def ops() -> dict[str, Callable]:
    """What each kind of node makes of its inputs, its settings, and its parameters by name."""
    from torch import cat
    from torch.nn import functional as F

    functions = activations()

    def each_vector(x, apply):
        """Of a map, the vectors are its places' channels."""
        return apply(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) if x.dim() == 4 else apply(x)

    def slide(window):
        return window["kernel"], window["stride"], window["padding"]

    def convolve(x, s, p):
        _, stride, padding = slide(s["window"])
        return F.conv2d(x, p("weight"), p("bias"), stride, padding, s["dilation"], s["groups"])

    def batch_norm(x, s, p):
        mean, variance = p("running_mean"), p("running_var")
        return F.batch_norm(x, mean, variance, p("weight"), p("bias"), eps=s["epsilon"])

    def layer_norm(x, s, p):
        return each_vector(x, lambda v: F.layer_norm(v, v.shape[-1:], p("weight"), p("bias"), s["epsilon"]))

    def attend(x, s, p):
        projected = F.linear(x, p("in_proj_weight"), p("in_proj_bias"))
        heads = (part.unflatten(-1, (s["heads"], -1)).transpose(1, 2) for part in projected.chunk(3, -1))
        seen = F.scaled_dot_product_attention(*heads)
        return F.linear(seen.transpose(1, 2).flatten(2), p("out_proj.weight"), p("out_proj.bias"))

    return {
        "Conv2d": lambda i, s, p: convolve(i[0], s, p),
        "BatchNorm": lambda i, s, p: batch_norm(i[0], s, p),
        "LayerNorm": lambda i, s, p: layer_norm(i[0], s, p),
        "Linear": lambda i, s, p: each_vector(i[0], lambda v: F.linear(v, p("weight"), p("bias"))),
        "Activation": lambda i, s, p: functions[s](i[0]),
        "MaxPool": lambda i, s, p: F.max_pool2d(i[0], *slide(s)),
        "AvgPool": lambda i, s, p: F.avg_pool2d(i[0], *slide(s)),
        "AdaptiveAvgPool": lambda i, s, p: F.adaptive_avg_pool2d(i[0], (s["height"], s["width"])),
        "Add": lambda i, s, p: sum(i[1:], i[0]),
        "Multiply": lambda i, s, p: math.prod(i[1:], start=i[0]),
        "Concat": lambda i, s, p: cat(i, 1),
        "Flatten": lambda i, s, p: i[0].flatten(1),
        "Dropout": lambda i, s, p: i[0],
        "Tokens": lambda i, s, p: i[0].flatten(2).transpose(1, 2),
        "ClassToken": lambda i, s, p: cat([p("").expand_as(i[0][:, :1]), i[0]], 1),
        "PositionEmbedding": lambda i, s, p: i[0] + p(""),
        "SelfAttention": lambda i, s, p: attend(i[0], s, p),
        "Token": lambda i, s, p: i[0].select(1, s["place"]),
        "MeanToken": lambda i, s, p: i[0].mean(1),
        "Scale": lambda i, s, p: i[0] * (p("").view(1, -1, 1, 1) if i[0].dim() == 4 else p("").flatten()),
    }


def activations() -> dict[str, Callable]:
    from torch.nn import functional as F

    return {
        "Relu": F.relu,
        "Relu6": F.relu6,
        "Hardswish": F.hardswish,
        "Hardsigmoid": F.hardsigmoid,
        "Sigmoid": F.sigmoid,
        "Silu": F.silu,
        "Gelu": F.gelu,
        "Tanh": F.tanh,
        "LeakyRelu": F.leaky_relu,
        "Elu": F.elu,
        "QuickGelu": lambda x: x * (1.702 * x).sigmoid(),
    }


def patches(pictures: "Tensor", own: "dict[str, Tensor]") -> "Tensor":
    """How strongly the patches of a picture answer to a dictionary, over quadrants (core/learn/src/features/patches.rs
    of sluice), and a linear head on it."""
    from torch import cat
    from torch.nn import functional as F

    patch, floor, threshold = 6, 10.0, 0.25
    side = pictures.shape[1]
    stride = 2 if side > 40 else 1
    seen = F.unfold(maps(pictures), patch, stride=stride).transpose(1, 2)
    centered = seen - seen.mean(-1, keepdim=True)
    normal = centered / (centered.square().mean(-1, keepdim=True) + floor).sqrt()
    along = (side - patch) // stride + 1
    answers = ((normal - own["mean"]) @ own["filters"]).unflatten(1, (along, along))
    half = along // 2
    quadrants = (answers[:, rows, columns] for rows in halves(half) for columns in halves(half))
    sums = [(quadrant * sign - threshold).relu().sum((1, 2)) for quadrant in quadrants for sign in (1, -1)]
    features = (cat(sums, 1).sqrt() - own["center"]) @ own["directions"]
    return F.linear(features, own["head.weight"], own["head.bias"])


def halves(half: int) -> tuple[slice, slice]:
    return slice(0, half), slice(half, None)


# The folder, and the table.


def images(folder: Path) -> list[str]:
    """Paths below the folder, as sluice finds and orders them. What is hidden is left out."""

    def walk(at: str) -> Iterator[str]:
        for entry in os.scandir(folder / at):
            if entry.name.startswith("."):
                continue
            path = f"{at}/{entry.name}" if at else entry.name
            if entry.is_dir():
                yield from walk(path)
            elif entry.name.rpartition(".")[2].lower() in ENDINGS and "." in entry.name:
                yield path

    return sorted(walk(""), key=os.fsencode)


def rows(predictor: Predictor, folder: Path, paths: Sequence[str], batch: int) -> Iterator[tuple[str, str, str]]:
    for begin in range(0, len(paths), batch):
        names = paths[begin : begin + batch]
        problems, squares = {}, []
        for name in names:
            try:
                squares.append([square(folder / name, side) for side in predictor.sides])
            except Exception as error:  # noqa: BLE001 - whatever a decoder says of a broken file
                problems[name] = f"{error}"
        answers = iter(predictor.ask([numpy.stack(of_side) for of_side in zip(*squares)]) if squares else ())
        for name in names:
            yield (name, "", problems[name]) if name in problems else (name, str(next(answers)), "")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL", help="a .pt, .safetensors or .onnx that sluice exported")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="images; folders in it are looked through too")
    parser.add_argument("--to", type=Path, metavar="FILE", required=True, help="the table")
    parser.add_argument("--batch", type=int, default=32, metavar="N", help="pictures at once (default: 32)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N", help="(default: all cores)")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    # Read when torch or onnxruntime is loaded, which comes later.
    os.environ["OMP_NUM_THREADS"] = str(chosen.threads)
    load = {".pt": script, ".onnx": onnx, ".safetensors": tensors}.get(chosen.model.suffix.lower())
    if load is None:
        sys.exit(f"{chosen.model} ends with none of .pt, .safetensors, .onnx")
    paths = images(chosen.folder)
    if not paths:
        sys.exit(f"no image in {chosen.folder}")
    predictor = load(chosen.model)
    without = 0
    with open(chosen.to, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "probability", "problem"])
        for row in rows(predictor, chosen.folder, paths, chosen.batch):
            without += not row[1]
            table.writerow(row)
    print(f"{len(paths) - without} probabilities in {chosen.to}, and {without} files that can't be read")


if __name__ == "__main__":
    main()
