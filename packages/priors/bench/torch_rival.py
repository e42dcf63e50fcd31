"""Milliseconds of log_prob and backward of PyTorch's low-rank normal, as JSON: size, rank, repeats."""

import json
import sys
import time

import torch

size, rank, repeats = map(int, sys.argv[1:])
torch.manual_seed(0)
factor = torch.randn(size, rank) * 1e-3
diagonal = torch.rand(size) * 1e-3 + 1e-4
prior = torch.distributions.LowRankMultivariateNormal(torch.zeros(size), factor, diagonal, validate_args=False)
point = torch.randn(size, requires_grad=True)

times = []
for round in range(repeats + 1):
    start = time.perf_counter()
    prior.log_prob(point).backward()
    point.grad = None
    if round > 0:
        times.append(1000 * (time.perf_counter() - start))
print(json.dumps(times))
