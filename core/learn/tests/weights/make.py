#!/usr/bin/env python3
"""Makes the state dicts of this folder, as `torch.save` writes them: an edge filter for each direction.

    make.py FOLDER      needs torch
"""

import sys
from collections import OrderedDict
from pathlib import Path

import torch

folder = Path(sys.argv[1])
upright = torch.tensor([-1.0, 0.0, 1.0]).expand(3, 3)
weight = torch.stack([upright, upright.T]).unsqueeze(1).expand(2, 3, 3, 3)
edges = OrderedDict({"module.c.weight": weight.contiguous(), "module.c.bias": torch.zeros(2)})
edges["module.num_batches_tracked"] = torch.tensor(7)
torch.save(edges, folder / "edges.pth")
# A name of 21 characters is one that some readers of archives stumble over.
halves = OrderedDict((name.removeprefix("module."), value.half()) for name, value in edges.items())
torch.save(halves, folder / "edges-in-half-numbers.pth")
# A view on a larger whole, and a tensor that is not in order.
torch.save({"c.weight": weight, "c.bias": torch.zeros(4)[::2]}, folder / "edges-strided.pth")
torch.save(torch.nn.Linear(2, 2), folder / "a-whole-model.pth")
