"""Writes subspaces.json: codes of rows by the others from scikit-learn's coordinate descent, on deterministic input.

Needs numpy and scikit-learn. alpha / 2 ||.||^2 of the paper's form divided out: sklearn minimises
||y - X w||^2 / (2 n) + a r |w|_1 + a (1 - r) / 2 ||w||^2, hence a = alpha / n and r = tau.
"""
import json
import pathlib

import numpy as np
from sklearn.linear_model import ElasticNet

i, k = np.arange(24)[:, None], np.arange(6)[None, :]
x = np.sin(1 + 0.7 * i + 1.3 * k + 0.11 * i * k + 0.3)
x /= np.linalg.norm(x, axis=1, keepdims=True)
cases = []
for tau, gamma in [(1.0, 5.0), (1.0, 50.0), (0.5, 20.0)]:
    for row in [0, 7, 23]:
        others = np.delete(np.arange(24), row)
        alpha = np.abs(x[others] @ x[row]).max() / (tau * gamma)
        fit = ElasticNet(alpha=alpha / 6, l1_ratio=tau, fit_intercept=False, tol=1e-14, max_iter=1_000_000)
        fit.fit(x[others].T, x[row])
        code = np.zeros(24)
        code[others] = fit.coef_
        r = x[row] - code @ x
        value = tau * np.abs(code).sum() + (1 - tau) / 2 * (code**2).sum() + (r @ r) / (2 * alpha)
        cases.append({"tau": tau, "gamma": gamma, "row": row, "code": code.tolist(), "objective": value})
out = pathlib.Path(__file__).with_name("subspaces.json")
out.write_text(json.dumps({"cases": cases}, indent=1) + "\n")
