"""Milliseconds of rivals in PyTorch on two threads, as JSON. Usage: torch_rivals.py REPEATS PAIRS...

Per number of pairs: `masked`, DCL as in lightly's DCLLoss (similarity blocks, masked diagonals, log-sum-exp, autodiff), and
`fused`, the closed form with one kept matrix. `rate`: the coding-rate reduction of (1024, 128, 10) through logdet and autodiff.
"""
import json
import sys
import time

import torch

torch.set_num_threads(2)
repeats, sizes = int(sys.argv[1]), [int(v) for v in sys.argv[2:]]
TAU, DIM = 0.1, 128


def masked(a, b):
    a, b = torch.nn.functional.normalize(a), torch.nn.functional.normalize(b)
    n = len(a)
    eye = torch.eye(n, dtype=torch.bool)

    def one_way(x, y):
        same, other = x @ x.T / TAU, x @ y.T / TAU
        positive = other.diagonal()
        both = torch.cat([same.masked_fill(eye, -torch.inf), other.masked_fill(eye, -torch.inf)], 1)
        return (torch.logsumexp(both, 1) - positive).mean()

    return (one_way(a, b) + one_way(b, a)) / 2


def run_masked(a, b):
    a.grad = b.grad = None
    masked(a, b).backward()


@torch.no_grad()
def run_fused(a, b):
    x = torch.cat([a, b])
    m, n = len(x), len(a)
    norm = x.norm(dim=1, keepdim=True)
    z = x / norm
    p = torch.arange(m).roll(n)
    e = torch.exp_((z @ z.T - 1) / TAU)
    e.fill_diagonal_(0)
    e[torch.arange(m), p] = 0
    r = e.sum(1, keepdim=True)
    u = 1 / r
    y = e @ torch.cat([z, u * z], 1)
    dz = (u * y[:, :DIM] + y[:, DIM:] - 2 * z[p]) / (m * TAU)
    return (r.log().mean() + 1 / TAU), (dz - (dz * z).sum(1, keepdim=True) * z) / norm


def run_rate(z, pi):
    z.grad = pi.grad = None
    n, d = z.shape
    eye = torch.eye(d)

    def rate(w):
        return torch.logdet(eye + d / (w.sum() * 0.2) * z.T @ (w[:, None] * z))

    reduction = rate(torch.ones(n)) / 2 - sum(pi[:, j].sum() / (2 * n) * rate(pi[:, j]) for j in range(pi.shape[1]))
    (-reduction).backward()


def clock(run):
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


out = {"torch": torch.__version__, "masked": {}, "fused": {}}
for size in sizes:
    a, b = (torch.randn(size, DIM, requires_grad=True) for _ in range(2))
    out["masked"][size] = clock(lambda: run_masked(a, b))
    out["fused"][size] = clock(lambda: run_fused(a, b))
z = torch.nn.functional.normalize(torch.randn(1024, 128)).requires_grad_()
pi = torch.softmax(torch.randn(1024, 10), 1).requires_grad_()
out["rate"] = clock(lambda: run_rate(z, pi))
print(json.dumps(out))
