"""Makes optim.json: trajectories of PyTorch's optimizers and schedules in double precision.

Run: python optim.py > optim.json   (torch 2.14.1)
The objective is f(w, b) = mean((X w + b - y)^2) + mean((X w + b)^4) / 10 with fixed X and y.
"""
import json, math, torch

torch.set_default_dtype(torch.float64)
X = torch.tensor([[((3 * i + 5 * j) % 7 - 3) / 3 for j in range(3)] for i in range(6)])
Y = torch.tensor([[((2 * i) % 5 - 2) / 2] for i in range(6)])
W0 = [[0.5], [-0.25], [1.0]]
B0 = [0.1]

def objective(w, b):
    z = X @ w + b
    return ((z - Y) ** 2).mean() + (z ** 4).mean() / 10

def run(make, steps=20, before=None, grads=None):
    w = torch.tensor(W0, requires_grad=True)
    b = torch.tensor(B0, requires_grad=True)
    optimizer = make(w, b)
    rows = []
    for t in range(steps):
        optimizer.zero_grad()
        loss = objective(w, b)
        loss.backward()
        if grads: grads([w, b])
        if before: before(w, b)
        optimizer.step()
        rows.append([*w.detach().flatten().tolist(), *b.detach().tolist()])
    return rows

def decay(factor):
    def before(w, b):
        with torch.no_grad():
            w.mul_(factor); b.mul_(factor)
    return before

class Lars(torch.optim.Optimizer):
    """The published LARS of Barlow Twins, with vectors left out."""
    def __init__(self, params, lr, weight_decay, momentum, eta):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay, momentum=momentum, eta=eta))
    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            for p in g['params']:
                dp = p.grad
                if p.ndim != 1:
                    dp = dp.add(p, alpha=g['weight_decay'])
                    pn, un = torch.norm(p), torch.norm(dp)
                    one = torch.ones_like(pn)
                    q = torch.where(pn > 0., torch.where(un > 0, g['eta'] * pn / un, one), one)
                    dp = dp.mul(q)
                state = self.state[p]
                if 'mu' not in state: state['mu'] = torch.zeros_like(p)
                state['mu'].mul_(g['momentum']).add_(dp)
                p.add_(state['mu'], alpha=-g['lr'])

S = torch.optim.SGD
out = {'x': X.tolist(), 'y': Y.tolist(), 'w': W0, 'b': B0, 'trajectories': {
    'sgd': run(lambda w, b: S([w, b], lr=0.1)),
    'momentum': run(lambda w, b: S([w, b], lr=0.05, momentum=0.9)),
    'nesterov': run(lambda w, b: S([w, b], lr=0.05, momentum=0.9, nesterov=True)),
    'coupled': run(lambda w, b: S([w, b], lr=0.05, momentum=0.9, weight_decay=0.1)),
    'decoupled': run(lambda w, b: S([w, b], lr=0.05, momentum=0.9), before=decay(1 - 0.05 * 0.1)),
    'adamw': run(lambda w, b: torch.optim.AdamW([w, b], lr=0.1)),
    'adamwGroups': run(lambda w, b: torch.optim.AdamW([{'params': [w], 'lr': 0.05, 'weight_decay': 0.3}, {'params': [b], 'weight_decay': 0.0}], lr=0.1)),
    'lars': run(lambda w, b: Lars([w, b], 0.2, 0.01, 0.9, 0.1)),
    'clipped': run(lambda w, b: S([w, b], lr=0.1), grads=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.5)),
}}

def lbfgs(line_search, lr):
    w = torch.tensor(W0, requires_grad=True); b = torch.tensor(B0, requires_grad=True)
    optimizer = torch.optim.LBFGS([w, b], lr=lr, max_iter=1, max_eval=100, history_size=5, line_search_fn=line_search)
    rows = []
    def closure():
        optimizer.zero_grad(); loss = objective(w, b); loss.backward(); return loss
    for _ in range(20):
        optimizer.step(closure)
        rows.append([*w.detach().flatten().tolist(), *b.detach().tolist()])
    return rows
out['trajectories']['lbfgs'] = lbfgs('strong_wolfe', 1)

def schedule(make, steps=20):
    p = torch.nn.Parameter(torch.zeros(1)); o = S([p], lr=0.5); s = make(o); rows = []
    for _ in range(steps):
        rows.append(o.param_groups[0]['lr']); o.step(); s.step()
    return rows
L = torch.optim.lr_scheduler
out['schedules'] = {
    'cosine': schedule(lambda o: L.CosineAnnealingLR(o, 19, eta_min=0.1)),
    'step': schedule(lambda o: L.StepLR(o, 6, gamma=0.3)),
    'multiStep': schedule(lambda o: L.MultiStepLR(o, [3, 11], gamma=0.3)),
    'restarts': schedule(lambda o: L.CosineAnnealingWarmRestarts(o, 7, eta_min=0.1)),
    'triangular': schedule(lambda o: L.CyclicLR(o, 0.1, 0.5, step_size_up=4)),
    'warmup': schedule(lambda o: L.SequentialLR(o, [L.LinearLR(o, 0.25, 1.0, total_iters=5), L.CosineAnnealingLR(o, 10)], [5]), 15),
}
print(json.dumps(out))
