"""Goldens for training.test.ts: 20 alternations in double precision with automatic differentiation, and one online update of
scikit-learn. Usage: python alternation.py > alternation.json"""

import json

import numpy as np
import torch
from sklearn.decomposition import MiniBatchDictionaryLearning

from scikit import Y as LASSO_Y, D as LASSO_D, normals  # the lasso instance; prints nothing when imported

torch.set_default_dtype(torch.float64)
N, d, l, h = 8, 6, 5, 7
LAMBDA, BETA, T, GAMMA = 0.02, 10.0, 0.5, 5.0
STEP, ITERATIONS = 0.05, 24
RATE_D, RATE_E, DECAY = 1e-2, 3e-3, 1e-2


def draw(source, *shape):
    return torch.tensor([next(source) for _ in range(int(np.prod(shape)))]).reshape(*shape)


def run(deep):
    source = normals(21)
    y = draw(source, N, d)
    U, S, b = 0.4 * draw(source, d, l), 0.3 * draw(source, l, l), 0.1 * draw(source, l)
    weights = (
        [0.5 * draw(source, l, h), 0.5 * draw(source, h, d), 0.1 * draw(source, h)]
        if deep
        else [0.6 * draw(source, d, l)]
    )
    encoder = [U, S, b]
    for w in weights + encoder:
        w.requires_grad_(True)

    def decode(z):
        if deep:
            return torch.relu(z @ weights[0] + weights[2]) @ weights[1]
        return z @ weights[0].T

    def encode():
        u = y @ U + b
        z = torch.relu(u)
        for _ in range(3):
            z = torch.relu(u + z @ S)
        return z

    def smooth(z, predicted):
        return (
            ((y - decode(z)) ** 2).mean(1).sum()
            + BETA * torch.relu(T - z.std(0)).square().sum()
            + GAMMA * ((z - predicted) ** 2).mean(1).sum()
        )

    kappa = 1 / (STEP * 2 * GAMMA / l)
    momentum = max(0.0, (kappa**0.5 - 1) / (kappa**0.5 + 1))
    on_decoder = torch.optim.Adam(weights, lr=RATE_D, eps=1e-8)
    on_encoder = torch.optim.Adam(encoder, lr=RATE_E, eps=1e-8)
    rows = []
    for _ in range(20):
        predicted = encode().detach()
        z, ahead = predicted.clone(), predicted.clone()
        for _ in range(ITERATIONS):
            at = ahead.clone().requires_grad_(True)
            (slope,) = torch.autograd.grad(smooth(at, predicted), at)
            new = torch.relu(ahead - STEP * slope - STEP * LAMBDA)
            uphill = ((ahead - new) * (new - z)).sum() > 0
            ahead = new + (0.0 if uphill else momentum) * (new - z)
            z = new
        energy = float(smooth(z, predicted).detach() + LAMBDA * z.abs().sum())
        loss_d = ((decode(z) - y) ** 2).mean() + (0.5 * DECAY * weights[2].square().sum() if deep else 0)
        loss_e = ((encode() - z) ** 2).mean() + 0.5 * DECAY * b.square().sum()
        grads_d = torch.autograd.grad(loss_d, weights)
        grads_e = torch.autograd.grad(loss_e, encoder)
        for w, g in zip(weights + encoder, list(grads_d) + list(grads_e)):
            w.grad = g
        on_decoder.step()
        on_encoder.step()
        rows.append([energy, float(loss_d.detach()), float(loss_e.detach())])
    return {"rows": rows, "decoder": weights[0].detach().flatten().tolist(), "encoder": U.detach().flatten().tolist()}


learner = MiniBatchDictionaryLearning(
    n_components=24, alpha=0.5, fit_algorithm="cd", batch_size=10, dict_init=LASSO_D.T.copy(), random_state=0
)
learner.partial_fit(LASSO_Y)
print(
    json.dumps(
        {"linear": run(False), "deep": run(True), "online": learner.components_.T.flatten().tolist()}
    )
)
