"""Kernels that the generator of samaonline/Recurrent-Parameter-Generators gives for a small ring.

The formulas are those of its SuperParams.finalize, SuperParams.forward and SuperConv2d.forward, in PyTorch's layout;
kernels are written in the layout [height, width, in, out].
"""
import json
import os

import numpy as np
import torch

rng = np.random.RandomState(5)
torch.manual_seed(5)
n = 11
shapes = [("a/kernel", (4, 3, 3, 3)), ("b/kernel", (6, 4, 1, 1))]  # [out, in, height, width]
ring = torch.randn(n) * 0.02
sizes = [int(np.prod(shape)) for _, shape in shapes]
total = sum(sizes)
places = [np.arange(n) for _ in range(total // n)]
places.append(rng.choice(n, total % n, replace=False))
places = torch.from_numpy(np.concatenate(places))[torch.randperm(total)]
index, sign, kernels, start = [], [], [], 0
for (name, shape), size in zip(shapes, sizes):
    idx = places[start : start + size]
    mask = torch.from_numpy(rng.binomial(p=0.5, n=1, size=size).astype(np.float32) * 2 - 1)
    start += size
    out, _, k, _ = shape
    kernel = (ring[idx] * mask).view(shape) * ((512.0 * 3 * 3) / (out * k * k)) ** 0.5
    here = kernel.permute(2, 3, 1, 0).contiguous()
    index.append(idx.tolist())
    sign.append([int(s) for s in mask.tolist()])
    kernels.append({"name": name, "shape": list(here.shape), "values": [float(v) for v in here.flatten()]})
path = os.path.join(os.path.dirname(__file__), "authors.json")
with open(path, "w") as file:
    json.dump({"ring": ring.tolist(), "index": index, "sign": sign, "kernels": kernels}, file)
    file.write("\n")
