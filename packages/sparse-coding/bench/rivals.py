"""Rivals of run.mjs: answers one JSON line with CPU seconds and the objective for each line it reads. One thread."""

import json
import os
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np
import sklearn
from sklearn.decomposition import MiniBatchDictionaryLearning, sparse_encode
from sklearn.linear_model import Lasso

warnings.filterwarnings("ignore")
try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None

data = {}


def load(spec):
    for name, (path, rows, columns) in spec.items():
        values = np.fromfile(path, dtype=np.float32).reshape(rows, columns)
        data[name] = {"float32": values, "float64": values.astype(np.float64)}


def objective(y, atoms, codes, alpha):
    return float(0.5 * ((y - codes @ atoms) ** 2).sum() + alpha * np.abs(codes).sum())


def lasso_cd(y, atoms, alpha, tol):
    model = Lasso(
        alpha=alpha / y.shape[1],
        fit_intercept=False,
        precompute=np.dot(atoms, atoms.T),
        tol=tol,
        max_iter=1000,
    )
    return np.atleast_2d(model.fit(atoms.T, y.T, check_input=False).coef_)


def coding(task):
    y, d = data[task["y"]], data[task["dictionary"]]
    best, codes = None, None
    for dtype in ("float32", "float64"):
        atoms = np.ascontiguousarray(d[dtype].T)
        start = time.process_time()
        if task["method"] == "lasso_cd":
            codes = lasso_cd(y[dtype], atoms, task["alpha"], task["tol"])
        elif task["method"] == "omp":
            codes = sparse_encode(y[dtype], atoms, algorithm="omp", n_nonzero_coefs=task["nonzero"])
        else:
            codes = sparse_encode(y[dtype], atoms, algorithm="lasso_lars", alpha=task["alpha"])
        seconds = time.process_time() - start
        if best is None or seconds < best[0]:
            best = (seconds, codes)
    atoms = np.ascontiguousarray(d["float64"].T)
    return best[0], objective(y["float64"], atoms, best[1].astype(np.float64), task.get("alpha", 0.0))


def online(task):
    y = data[task["y"]]["float64"]
    learner = MiniBatchDictionaryLearning(
        n_components=task["atoms"],
        alpha=task["alpha"],
        fit_algorithm="cd",
        batch_size=256,
        random_state=0,
        dict_init=y[: task["atoms"]] / np.linalg.norm(y[: task["atoms"]], axis=1, keepdims=True),
    )
    start = time.process_time()
    for i in range(0, len(y), 256):
        learner.partial_fit(y[i : i + 256])
    seconds = time.process_time() - start
    codes = lasso_cd(y[:256], learner.components_, task["alpha"], 1e-4)
    return seconds, objective(y[:256], learner.components_, codes, task["alpha"])


def inference(task):
    """The authors' loop: automatic differentiation, a fixed step, rows that stop keep their momentum."""
    y, d = (torch.from_numpy(data[task[name]]["float32"]) for name in ("y", "dictionary"))
    predicted = torch.from_numpy(data[task["predicted"]]["float32"])
    lam, beta, gamma, eta, threshold = (task[k] for k in ("lambda", "beta", "gamma", "eta", "threshold"))
    columns, components = y.shape[1], d.shape[1]

    def smooth(z):
        fit = ((y - z @ d.T) ** 2).mean(1).sum()
        hinge = torch.relu(threshold - z.std(0)).square().sum()
        return fit + beta * hinge + gamma * ((z - predicted) ** 2).mean(1).sum()

    start = time.process_time()
    z = predicted.clone()
    ahead, t, going = z.clone(), 1.0, torch.ones(len(y), 1)
    iterations = 0
    for _ in range(200):
        iterations += 1
        ahead.requires_grad_(True)
        (slope,) = torch.autograd.grad(smooth(ahead), ahead)
        ahead = ahead.detach()
        new = torch.relu(ahead - eta * going * slope - eta * going * lam)
        after = (1 + (1 + 4 * t * t) ** 0.5) / 2
        ahead = new + (t - 1) / after * (new - z)
        change = (new - z).norm(dim=1, keepdim=True) / z.norm(dim=1, keepdim=True)
        going = going * (change >= 1e-3)
        z, t = new, after
        if going.sum() == 0:
            break
    seconds = time.process_time() - start
    return seconds, float(smooth(z) + lam * z.abs().sum()), iterations


print(json.dumps({"sklearn": sklearn.__version__, "torch": torch and torch.__version__}), flush=True)
for line in sys.stdin:
    task = json.loads(line)
    if task["kind"] == "load":
        load(task["files"])
        answer = {}
    elif task["kind"] == "inference":
        if torch is None:
            answer = {"missing": "torch"}
        else:
            seconds, value, iterations = inference(task)
            answer = {"seconds": seconds, "objective": value, "iterations": iterations}
    else:
        seconds, value = (online if task["kind"] == "online" else coding)(task)
        answer = {"seconds": seconds, "objective": value}
    print(json.dumps(answer), flush=True)
