"""Writes losses.json: values and gradients of the losses in float64 on deterministic input.

Needs torch, scikit-learn and lightly (1.6). The input is sin(1 + 0.7 i + 1.3 k + 0.11 i k + phi), which any language can make.
Contrastive losses are computed by loops over anchors and compared with lightly's before they are written.
"""
import json
import math
import pathlib
import random

import torch
from lightly.loss.dcl_loss import DCLLoss, DCLWLoss
from lightly.loss.ntx_ent_loss import NTXentLoss

torch.set_default_dtype(torch.float64)


def fill(n, d, phi):
    i, k = torch.arange(n)[:, None].double(), torch.arange(d)[None, :].double()
    return torch.sin(1 + 0.7 * i + 1.3 * k + 0.11 * i * k + phi)


def unit(x):
    return x / x.norm(dim=1, keepdim=True)


def anchors(a, b, tau):
    z = unit(torch.cat([a, b]))
    n = len(a)
    out = []
    for i in range(2 * n):
        p = (i + n) % (2 * n)
        s = z @ z[i] / tau
        negatives = torch.stack([s[j] for j in range(2 * n) if j not in (i, p)])
        out.append((torch.logsumexp(negatives, 0), s[p]))
    return torch.stack([u for u, _ in out]), torch.stack([s for _, s in out])


def nt_xent(a, b, tau):
    u, s = anchors(a, b, tau)
    return (torch.logaddexp(u, s) - s).mean()


def dcl(a, b, tau):
    u, s = anchors(a, b, tau)
    return (u - s).mean()


def dclw(a, b, tau, sigma=0.5):
    u, s = anchors(a, b, tau)
    c = (unit(a) * unit(b)).sum(1)
    w = (2 - len(a) * torch.softmax(c / sigma, 0)).detach()
    return (u - torch.cat([w, w]) * s).mean()


def info_nce(a, b, tau):
    logits = unit(a) @ unit(b).T / tau
    y = torch.arange(len(a))
    f = torch.nn.functional.cross_entropy
    return (f(logits, y) + f(logits.T, y)) / 2


def vic_reg(a, b):
    n, d = a.shape

    def parts(x):
        x = x - x.mean(0)
        v = torch.relu(1 - torch.sqrt(x.var(0) + 1e-4)).mean()
        c = x.T @ x / (n - 1)
        return v, (c.pow(2).sum() - c.diagonal().pow(2).sum()) / d

    (va, ca), (vb, cb) = parts(a), parts(b)
    return 25 * (a - b).pow(2).mean() + 25 * (va + vb) / 2 + ca + cb


def barlow(a, b):
    def standard(x):
        return (x - x.mean(0)) / torch.sqrt(x.var(0, correction=0) + 1e-5)

    c = standard(a).T @ standard(b) / len(a)
    on = (c.diagonal() - 1).pow(2).sum()
    return on + 0.005 * (c.pow(2).sum() - c.diagonal().pow(2).sum())


def uniformity(x, t=2):
    return torch.pdist(unit(x)).pow(2).mul(-t).exp().mean().log()


def rate(z, e, weights=None):
    n, d = z.shape
    w = torch.ones(n) if weights is None else weights
    return torch.logdet(torch.eye(d) + d / (w.sum() * e) * z.T @ (w[:, None] * z)) / 2


def reduction(z, pi, e):
    compressed = sum(pi[:, j].sum() / len(z) * rate(z, e, pi[:, j]) for j in range(pi.shape[1]))
    return rate(z, e) - compressed


def case(rng):
    n, d = rng.randint(3, 24), rng.randint(2, 16)
    phi, tau = round(rng.uniform(0, 6), 3), rng.choice([0.05, 0.1, 0.5, 1.0])
    num_clusters, e = rng.randint(2, 4), rng.choice([0.05, 0.2, 0.5])
    a, b = fill(n, d, phi).requires_grad_(), fill(n, d, phi + 0.4)
    z = unit(a)
    pi = torch.softmax(fill(n, num_clusters, phi + 0.9), 1)
    losses = {
        "ntXent": nt_xent(a, b, tau),
        "dcl": dcl(a, b, tau),
        "dclw": dclw(a, b, tau),
        "infoNce": info_nce(a, b, tau),
        "vicReg": vic_reg(a, b),
        "barlowTwins": barlow(a, b),
        "uniformity": uniformity(a),
        "codingRate": rate(z, e),
        "reduction": reduction(z, pi, e),
    }
    peers = {"ntXent": NTXentLoss(tau), "dcl": DCLLoss(tau), "dclw": DCLWLoss(tau)}
    for name, peer in peers.items():
        assert math.isclose(peer(unit(a), unit(b)).item(), losses[name].item(), rel_tol=1e-8, abs_tol=1e-8), name
    s = torch.linalg.svdvals(a.detach())
    p = s / s.sum() + 1e-7
    values = {}
    for name, loss in losses.items():
        (g,) = torch.autograd.grad(loss, a, retain_graph=True)
        # The first entries, and one number that depends on all.
        values[name] = [round(v, 10) for v in [loss.item(), *g[0, :2].tolist(), (g * b).sum().item(), g.abs().max().item()]]
    return {
        "n": n, "d": d, "phi": phi, "temperature": tau, "numClusters": num_clusters, "epsilonSquared": e,
        "values": values, "rankMe": round(math.exp(-(p * p.log()).sum().item()), 8),
    }


rng = random.Random(0)
cases = [case(rng) for _ in range(50)]
path = pathlib.Path(__file__).with_name("losses.json")
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
