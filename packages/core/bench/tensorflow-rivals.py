"""Milliseconds of PyTorch (eager) and numpy (float32) for the rows of tensorflow.mjs, as JSON lists.

Arguments: threads, repeats, and `step` for the training step alone.
"""
import json
import sys
import time

import numpy as np
import torch
from torch import nn

threads, repeats = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)


def measure(run, count):
    for _ in range(3):
        run()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


layers, channels = [], 3
for filters, stride in [(32, 1), (32, 1), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1)]:
    layers += [nn.Conv2d(channels, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
    channels = filters
model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))
optimizer = torch.optim.SGD(model.parameters(), 0.05)
images, labels = torch.randn(64, 3, 32, 32), torch.arange(64) % 10


def step():
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


times = {"step": measure(step, repeats)}
if sys.argv[3:] == ["step"]:
    print(json.dumps(times))
    sys.exit()
for batch, size, channels in [(64, 32, 32), (64, 16, 64), (64, 8, 128)]:
    x, dy = torch.randn(2, batch, channels, size, size)
    w = torch.randn(channels, channels, 3, 3)

    def gradient(mask):
        return torch.ops.aten.convolution_backward(
            dy, x, w, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, mask
        )

    name, count = f"convolution {size}x{size}x{channels}", 2 * repeats + 1
    times[f"{name}, forward"] = measure(lambda: nn.functional.conv2d(x, w, padding=1), count)
    times[f"{name}, input gradient"] = measure(lambda: gradient([True, False, False]), count)
    times[f"{name}, filter gradient"] = measure(lambda: gradient([False, True, False]), count)

x = np.random.default_rng(0).standard_normal((512, 512)).astype(np.float32)
a = x @ x.T / 512 + np.eye(512, dtype=np.float32)
times["cholesky"] = measure(lambda: np.linalg.cholesky(a), repeats)
times["eigh"] = measure(lambda: np.linalg.eigh(a), repeats)
times["svd"] = measure(lambda: np.linalg.svd(x), repeats)
print(json.dumps(times))
