#!/usr/bin/env python3
"""What torchvision's own networks compute, for a comparison with the same networks built from a graph.

reference.py OUT_FOLDER writes for each network
  NAME.pth          its weights, as torch.save writes a state_dict
  NAME.safetensors  pictures (uint8), and what the network makes of them: features and output

The weights are random, so nothing is fetched. The same program writes the same weights and pictures
each time.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import mobilenet_v3_small, resnet18
from torchvision.models.resnet import BasicBlock
from torchvision.models.vision_transformer import VisionTransformer

SEED = 1
# What torchvision's published weights expect of a picture.
MEAN = torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1)


def tiny_vit() -> nn.Module:
    return VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=4, hidden_dim=64, mlp_dim=128, num_classes=10
    )


# Per network: how it is made, a picture's side, the part whose output holds the features, and how
# one vector per picture is read from that output.
NETWORKS = {
    "mobilenet-v3-small": (mobilenet_v3_small, 224, "avgpool", lambda pooled: pooled.flatten(1)),
    "resnet18": (resnet18, 224, "avgpool", lambda pooled: pooled.flatten(1)),
    "tiny-vit": (tiny_vit, 32, "encoder", lambda tokens: tokens[:, 0]),
}


def leave_no_default(network: nn.Module) -> None:
    """A fresh network has zeros and ones in many places, where a forgotten or misplaced tensor would
    go unnoticed. Here each tensor gets values of its own."""
    for part in network.modules():
        if isinstance(part, (nn.Conv2d, nn.Linear)):
            # torchvision's own start is so small for depthwise convolutions that without training no
            # trace of the picture reaches mobilenet's output.
            nn.init.kaiming_normal_(part.weight)
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
        if isinstance(part, (nn.BatchNorm2d, nn.LayerNorm)):
            part.weight.uniform_(0.5, 1.5)
    for part in network.modules():
        if isinstance(part, BasicBlock):
            # Each block adds to what it is given: without this the output would be ten times as large
            # as that of a trained network, and its rounding errors as well.
            part.bn2.weight.mul_(0.2)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.normal_(0, 0.1)
    if isinstance(network, VisionTransformer):
        network.class_token.normal_(0, 0.1)


def make_pictures(side: int) -> torch.Tensor:
    """Two pictures of large soft patches under fine noise. Noise alone would look the same to a
    network that averages over the picture, whichever way the picture is turned."""
    patches = nn.functional.interpolate(torch.rand(2, 3, 5, 5), size=(side, side), mode="bilinear")
    mixed = 0.7 * patches + 0.3 * torch.rand(2, 3, side, side)
    return (mixed * 255).round().to(torch.uint8)


@torch.no_grad()
def write_reference(name: str, folder: Path) -> None:
    make, side, part, vector = NETWORKS[name]
    torch.manual_seed(SEED)
    network = make()
    leave_no_default(network)
    network.eval()
    pictures = make_pictures(side)

    seen = []
    network.get_submodule(part).register_forward_hook(lambda _part, _input, output: seen.append(output))
    output = network((pictures / 255 - MEAN) / DEVIATION)
    features = vector(seen[0]).contiguous()

    torch.save(network.state_dict(), folder / f"{name}.pth")
    save_file(
        {"pictures": pictures, "features": features, "output": output}, folder / f"{name}.safetensors"
    )
    shapes = ", ".join(
        f"{what} {tuple(tensor.shape)}"
        for what, tensor in (("pictures", pictures), ("features", features), ("output", output))
    )
    print(f"{name}: {shapes}, standard deviation of the output {output.std():.2f}", flush=True)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("reference: usage: reference.py OUT_FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    for name in NETWORKS:
        write_reference(name, folder)


main()
