"""Forward and backward of `w[idx] * s` in PyTorch on one thread; prints nanoseconds per element as JSON."""
import json
import time

import torch

torch.set_num_threads(1)
count, size = 1_000_000, 200_000
w = torch.randn(size, requires_grad=True)
idx = torch.cat([torch.randperm(size) for _ in range(count // size)])
s = torch.randint(0, 2, (count,)).float() * 2 - 1
dy = torch.randn(count)


def median(run, repeats=21):
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return sorted(times[2:])[repeats // 2] * 1e9 / count


def forward():
    with torch.no_grad():
        return w[idx] * s


def both():
    w.grad = None
    (w[idx] * s).backward(dy)


print(json.dumps({"forward": median(forward), "both": median(both), "version": torch.__version__}))
