"""Changes of class accuracies by crops of at least 0.08 of the area on CIFAR-10, the protocol of `cnn-cifar`, in PyTorch.

Run: python cifar-crops.py FOLDER SEEDS > cifar-crops.json, with data_batch_1.bin.gz and test_batch.bin.gz in FOLDER.
"""
import gzip
import json
import math
import sys

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)


def read(path, count):
    rows = np.frombuffer(gzip.open(path).read(), dtype=np.uint8).reshape(-1, 3073)[:count]
    return torch.tensor(rows[:, 1:].reshape(-1, 3, 32, 32)).float() / 255, torch.tensor(rows[:, 0]).long()


def crops(x, low, generator):
    def draw():
        return torch.rand(len(x), generator=generator)

    area = low + (1 - low) * draw()
    aspect = torch.exp((2 * draw() - 1) * math.log(4 / 3))
    sides = [(area / aspect).sqrt().clamp(max=1), (area * aspect).sqrt().clamp(max=1)]
    cells = torch.arange(32) + 0.5
    y, x_ = [
        (draw()[:, None] * (1 - side[:, None]) * 32 + side[:, None] * cells - 0.5).clamp(0, 31) / 15.5 - 1
        for side in sides
    ]
    grid = torch.stack([x_[:, None, :].expand(-1, 32, -1), y[:, :, None].expand(-1, -1, 32)], -1)
    return nn.functional.grid_sample(x, grid, align_corners=True, padding_mode="border")


def accuracies(train, test, low, seed):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(train[0]), generator=generator)[:5000]
    x, y = train[0][chosen], train[1][chosen]
    convolutions = [
        layer
        for inputs, outputs in [(3, 16), (16, 32), (32, 64)]
        for layer in [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.ReLU()]
    ]
    model = nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1170)
    for _ in range(1170):
        batch = torch.randint(5000, (64,), generator=generator)
        views = crops(x[batch], low, generator) if low else x[batch]
        loss = nn.functional.cross_entropy(model(views), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        right = (model(test[0]).argmax(1) == test[1]).float()
    return [right.mean().item()] + [right[test[1] == c].mean().item() for c in range(10)]


if __name__ == "__main__":
    train = read(f"{sys.argv[1]}/data_batch_1.bin.gz", 10_000)
    test = read(f"{sys.argv[1]}/test_batch.bin.gz", 2000)
    runs = [
        {"seed": seed, "none": accuracies(train, test, 0, seed), "crop": accuracies(train, test, 0.08, seed)}
        for seed in range(int(sys.argv[2]))
    ]
    print(json.dumps(runs))
