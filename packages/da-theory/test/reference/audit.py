"""Goldens of the class audit: scipy on a small table of predictions. Run: python audit.py > audit.json"""
import json
import numpy as np
from scipy import stats

rng = np.random.default_rng(7)
labels = np.repeat(np.arange(4), [30, 25, 20, 40])
order = rng.permutation(len(labels))
labels = labels[order]
base = {"none": [.9, .8, .7, .85], "crop": [.95, .6, .8, .85], "decay": [.9, .78, .5, .86]}
runs = []
for setting, rates in base.items():
    for seed in range(6):
        p = np.array(rates)[labels] + rng.normal(0, .03)
        right = rng.random(len(labels)) < p
        wrong = (labels + 1 + rng.integers(0, 3, len(labels))) % 4
        runs.append(dict(setting=setting, seed=seed, predictions=np.where(right, labels, wrong).tolist()))


def accuracies(setting):
    rows = [np.array(r["predictions"]) == labels for r in runs if r["setting"] == setting]
    return np.array([[row[labels == c].mean() for c in range(4)] for row in rows]), np.array(rows)


def holm(p):
    p = np.asarray(p)
    order = np.argsort(p)
    out = np.empty_like(p)
    high = 0
    for i, at in enumerate(order):
        high = max(high, min(1, p[at] * (len(p) - i)))
        out[at] = high
    return out.tolist()


def permutation(a, b):
    r = stats.permutation_test((a, b), lambda x, y: abs(x.mean() - y.mean()), permutation_type="independent",
                               n_resamples=np.inf, alternative="greater")
    return r.pvalue


none, none_rows = accuracies("none")
expected = {}
for setting in ["crop", "decay"]:
    own, rows = accuracies(setting)
    paired = [stats.ttest_rel(own[:, c], none[:, c]).pvalue for c in range(4)]
    e = dict(delta=(own - none).mean(0).tolist(), pairedT=paired, holm=holm(paired))
    e["welch"] = [stats.ttest_ind(own[:, c], none[:, c], equal_var=False).pvalue for c in range(4)]
    e["bh"] = stats.false_discovery_control(paired, method="bh").tolist()
    e["by"] = stats.false_discovery_control(paired, method="by").tolist()
    e["permutation"] = [permutation(own[:, c], none[:, c]) for c in range(4)]
    d = own - none
    e["signFlip"] = [
        float(np.mean([abs((d[:, c] * s).mean()) >= abs(d[:, c].mean()) - 1e-12
                       for s in np.array(np.meshgrid(*[[1, -1]] * 6)).reshape(6, -1).T])) for c in range(4)]
    e["averageP"] = stats.ttest_rel(rows.mean(1), none_rows.mean(1)).pvalue
    one, other = rows[0], none_rows[0]
    e["mcnemar"] = []
    for c in range(4):
        b = int((one & ~other)[labels == c].sum())
        k = int((~one & other)[labels == c].sum())
        e["mcnemar"].append(stats.binomtest(min(b, k), b + k, .5).pvalue if b + k else 1.0)
    expected[setting] = e
print(json.dumps(dict(labels=labels.tolist(), runs=runs, expected=expected,
                      spearman=[float(stats.spearmanr([1, 2, 3, 5], y).statistic) for y in
                                ([.1, .3, .2, .9], [.5, .5, .4, .1])])))
