"""Seconds for updates of the same policy through the same imagined futures in PyTorch eager, one thread; prints JSON."""
import json
import math
import os
import time

import torch

torch.set_num_threads(1)
B, K, T, DT, UPDATES = 64, 12, 15, 0.2, 40
LANES, W = 4, 3.7
torch.manual_seed(0)
net = torch.nn.Sequential(
    torch.nn.Linear(29, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2)
)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
left_of = torch.tensor([[0.0, -1.0], [1.0, 0.0]])


def features(s, cars, mask):
    x, y, dy, v = s[:, 0:1], s[:, 1:2], s[:, 3:4], s[:, 4:5]
    lane = (y / W).floor().clamp(0, LANES - 1).detach()
    own = [v / 10, 10 * dy, (y - (lane + 0.5) * W) / 1.85, (y / 7.4).clamp(max=1), ((LANES * W - y) / 7.4).clamp(max=1)]
    with torch.no_grad():
        ahead = cars[:, :, 0] - x
        side = (cars[:, :, 1] / W).floor() - lane
        rows = []
        for offset in (-1, 0, 1):
            here = mask * (side == offset)
            rows += [here * (ahead > 0), here * (ahead <= 0)]
        distance = ahead.abs()[:, None] + 1e4 * (1 - torch.stack(rows, 1))
        best = distance.min(2)
        hot = torch.nn.functional.one_hot(best.indices, K).float() * (best.values < 60).float()[:, :, None]
    me = torch.cat([x, y, v], 1)[:, None]
    values = (cars[:, :, :3] - me) * torch.tensor([1 / 30, 1 / 3.7, 1 / 5])
    values = torch.cat([values, torch.ones(B, K, 1)], 2)
    near = hot @ values
    near = near + (1 - near[:, :, 3:4]) * torch.tensor([2.0, 0, 0, 0])
    return torch.cat(own + [near.reshape(B, 24)], 1)


def cost(s, u, cars, mask):
    x, y, dx, dy, v = s.split(1, 1)
    ahead, aside = cars[:, :, 0] - x, cars[:, :, 1] - y
    along, across = dx * ahead + dy * aside, dx * aside - dy * ahead
    gx = along.abs() - (cars[:, :, 3] + 4.8) / 2
    gy = across.abs() - (cars[:, :, 4] + 1.9) / 2
    near = (1 - gx / (1.5 * v.detach() + 3)).clamp(0, 1) ** 2 * (1 - gy / 1.9).clamp(0, 1) ** 2 * mask
    centre = ((y / W).floor().clamp(0, LANES - 1).detach() + 0.5) * W
    lane = ((y - centre) / 1.85) ** 2
    off = torch.relu(1.2 - y) ** 2 + torch.relu(y - (LANES * W - 1.2)) ** 2
    slow = torch.relu(12 - v) ** 2 / 100
    action = (u[:, 0:1] / 2) ** 2 + (u[:, 1:2] / 0.01) ** 2
    return 8 * near.sum(1, keepdim=True) + 0.3 * lane + 5 * off + 0.1 * slow + 0.02 * action


def update():
    cars = torch.rand(B, K, 5) * torch.tensor([80.0, 14.8, 10, 1, 0.3]) + torch.tensor([-40.0, 0, 2, 4.2, 1.7])
    mask = torch.ones(B, K)
    s = torch.cat([torch.zeros(B, 1), 14.8 * torch.rand(B, 1), torch.ones(B, 1), torch.zeros(B, 1), 8 * torch.rand(B, 1)], 1)
    states, actions, scenes = [], [], []
    for _ in range(T):
        raw = net(features(s, cars, mask))
        u = torch.tanh(raw / torch.tensor([4.0, 10])) * torch.tensor([4.0, 0.03])
        p, d, v = s[:, :2], s[:, 2:4], s[:, 4:5]
        turned = d + DT * v * u[:, 1:2] * (d @ left_of)
        s = torch.cat([p + DT * v * d, turned / turned.norm(dim=1, keepdim=True).clamp(min=1e-8), (v + DT * u[:, 0:1]).clamp(min=0)], 1)
        cars = torch.cat([cars[:, :, :1] + DT * cars[:, :, 2:3], cars[:, :, 1:]], 2)
        states.append(s), actions.append(u), scenes.append(cars)
    total = cost(torch.cat(states), torch.cat(actions), torch.cat(scenes), mask.repeat(T, 1)).mean()
    optimizer.zero_grad()
    total.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1)
    optimizer.step()
    assert math.isfinite(total.item())


for _ in range(5):
    update()
clock = time.process_time if os.environ.get("LAB_BENCH_CLOCK") == "processor" else time.perf_counter
begin = clock()
for _ in range(UPDATES):
    update()
print(json.dumps({"ms_per_update": 1000 * (clock() - begin) / UPDATES, "version": torch.__version__}))
