"""Golden values of the metrics: scikit-learn, scipy and kornia. Run: python metrics.py > metrics.json"""
import json
import sys
import numpy as np
import scipy.optimize
import scipy.stats
import torch
import kornia
from sklearn import metrics as m
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier


def mulberry32(seed):
    state = seed & 0xFFFFFFFF

    def following():
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (1 | state)) & 0xFFFFFFFF
        t = ((t + (((t ^ (t >> 7)) * (61 | t)) & 0xFFFFFFFF)) & 0xFFFFFFFF) ^ t
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) / 4294967296

    return following


def uniforms(n, seed):
    following = mulberry32(seed)
    return np.array([following() for _ in range(n)])


def accuracy_of_clusters(a, b):
    table = m.cluster.contingency_matrix(a, b)
    rows, columns = scipy.optimize.linear_sum_assignment(-table)
    return table[rows, columns].sum() / len(a)


out = {}
N, C = 200, 5
scores = (6 * uniforms(N * C, 1).reshape(N, C)).astype(np.float32).astype(np.float64)
truth = np.floor(uniforms(N, 2) * C).astype(int)
p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
best = scores.argmax(1)
truth = np.where(uniforms(N, 3) < 0.6, best, truth)
out["accuracy"] = m.accuracy_score(truth, best)
out["confusion"] = m.confusion_matrix(truth, best).tolist()
out["perClass"] = m.recall_score(truth, best, average=None).tolist()
out["iou"] = m.jaccard_score(truth, best, average="macro")
out["nll"] = m.log_loss(truth, p)
out["brier"] = float(((p - np.eye(C)[truth]) ** 2).sum(1).mean())
confidence, right = p.max(1), best == truth


def ece_of(groups):
    return float(sum(len(g) / N * abs(confidence[g].mean() - right[g].mean()) for g in groups if len(g)))


for bins in (10, 15):
    edges = np.linspace(0, 1, bins + 1)
    out[f"ece{bins}"] = ece_of([np.where((confidence > a) & (confidence <= b))[0] for a, b in zip(edges, edges[1:])])
    out[f"eceCount{bins}"] = ece_of(np.array_split(np.argsort(confidence, kind="stable"), bins))

a = np.floor(uniforms(N, 4) * 7).astype(int)
b = np.where(uniforms(N, 5) < 0.5, a % 5, np.floor(uniforms(N, 6) * 5)).astype(int)
out["clusters"] = {
    "accuracy": accuracy_of_clusters(a, b),
    "ari": m.adjusted_rand_score(b, a),
    **{k: m.normalized_mutual_info_score(b, a, average_method=k) for k in ("arithmetic", "geometric", "max", "min")},
}
out["assignments"] = []
for size in (1, 3, 6, 12):
    w = np.floor(uniforms(size * (size + 2), 10 + size) * 50).reshape(size, size + 2)
    rows, columns = scipy.optimize.linear_sum_assignment(-w)
    out["assignments"].append({"rows": size, "columns": size + 2, "seed": 10 + size, "total": w[rows, columns].sum()})

out["wilson"] = []
for k, n, level in ((0, 10, 0.95), (3, 10, 0.95), (10, 10, 0.9), (1, 1000, 0.99), (500, 1000, 0.95)):
    ci = scipy.stats.binomtest(k, n).proportion_ci(level, method="wilson")
    out["wilson"].append([k, n, level, ci.low, ci.high])

x = uniforms(2 * 20 * 16 * 3, 20).reshape(2, 20, 16, 3).astype(np.float32)
y = np.clip(x + 0.2 * (uniforms(x.size, 21).reshape(x.shape) - 0.5), 0, 1).astype(np.float32)
out["psnr"] = [float(10 * np.log10(1 / np.mean((x[i].astype(float) - y[i]) ** 2))) for i in range(2)]
tx, ty = (torch.tensor(v).permute(0, 3, 1, 2).double() for v in (x, y))
out["ssim"] = kornia.metrics.ssim(tx, ty, 11, 1.0, padding="valid").mean((1, 2, 3)).tolist()
out["ssim7"] = kornia.metrics.ssim(tx, ty, 7, 1.0, padding="valid").mean((1, 2, 3)).tolist()

D, TRAIN, TEST = 6, 150, 60
centres = 4 * uniforms(3 * D, 30).reshape(3, D)
labels = np.floor(uniforms(TRAIN + TEST, 31) * 3).astype(int)
z = (centres[labels] + 3 * uniforms((TRAIN + TEST) * D, 32).reshape(-1, D)).astype(np.float32).astype(np.float64)
train, test = (z[:TRAIN], labels[:TRAIN]), (z[TRAIN:], labels[TRAIN:])
out["knn"] = {}
for metric in ("cosine", "euclidean"):
    model = KNeighborsClassifier(7, metric=metric, algorithm="brute").fit(*train)
    out["knn"][metric] = model.predict(test[0]).tolist()
unit = lambda v: v / np.linalg.norm(v, axis=1, keepdims=True)
sims = unit(test[0]) @ unit(train[0]).T
votes = np.zeros((TEST, 3))
for i in range(TEST):
    near = np.argsort(-sims[i])[:7]
    for j in near:
        votes[i, train[1][j]] += np.exp(sims[i, j] / 0.01)
out["knn"]["weighted"] = votes.argmax(1).tolist()
scale = train[0].std(0)
for name, mean, std in (("standardised", train[0].mean(0), scale), ("plain", 0, 1)):
    model = LogisticRegression(C=1 / (1e-2 * TRAIN), tol=1e-9, max_iter=5000).fit((train[0] - mean) / std, train[1])
    q = model.predict_proba((train[0] - mean) / std)
    w = model.coef_
    loss = m.log_loss(train[1], q) + 0.5e-2 * (w * w).sum()
    out[name] = {"predictions": model.predict((test[0] - mean) / std).tolist(), "loss": float(loss)}
json.dump(out, sys.stdout)
