"""Timings of NumPy and PyTorch for the bench; prints one JSON object. Usage: rivals.py numpy | torch IMAGES LABELS N"""
import json
import sys
import time

import numpy as np


def median(values):
    return sorted(values)[len(values) // 2]


def fourier():
    """One product with the covariance of translations, one channel of 224x224, shifts of up to 28 pixels."""
    side, reach = 224, 28
    size = 256
    shifts = np.arange(-reach, reach + 1)
    g = np.full(len(shifts), 1 / (2 * reach))
    g[[0, -1]] /= 2
    diagonal = np.full(len(shifts), 2 / 3 / (2 * reach))
    diagonal[[0, -1]] /= 2
    mass = np.diag(diagonal) + (np.eye(len(shifts), k=1) + np.eye(len(shifts), k=-1)) / 6 / (2 * reach)
    i, j = np.mgrid[:side, :side]
    x = np.sin(0.37 * i + 0.011 * j * j)
    v = np.cos(0.2 * i - 0.13 * j)
    spectrum = np.fft.rfft2(x, (size, size))
    rows = np.ix_(shifts % size, shifts % size)

    def apply():
        corr = np.fft.irfft2(np.fft.rfft2(v, (size, size)) * spectrum.conj(), (size, size))[rows]
        weights = mass @ corr @ mass.T - np.outer(g, g) * (g @ corr @ g)
        plane = np.zeros((size, size))
        plane[rows] = weights
        return np.fft.irfft2(np.fft.rfft2(plane) * spectrum, (size, size))[:side, :side]

    apply()
    times = []
    for _ in range(15):
        start = time.perf_counter()
        apply()
        times.append(1000 * (time.perf_counter() - start))
    return {"milliseconds": times, "version": np.__version__}


def regression(images, labels, count):
    """Ridge on 64 sampled translations of each 14x14 image, by normal equations."""
    import torch

    x = torch.from_numpy(np.fromfile(images, dtype=np.float32).reshape(count, 1, 14, 14))
    y = torch.nn.functional.one_hot(torch.from_numpy(np.fromfile(labels, dtype=np.int32)).long(), 10).float()
    generator = torch.Generator().manual_seed(0)
    times = []
    for _ in range(2):
        start = time.perf_counter()
        second, cross, mean = torch.zeros(196, 196), torch.zeros(196, 10), torch.zeros(196)
        for _ in range(64):
            shift = (torch.rand(count, 2, generator=generator) * 2 - 1) * 1.5 * 2 / 14
            theta = torch.zeros(count, 2, 3)
            theta[:, 0, 0] = theta[:, 1, 1] = 1
            theta[:, :, 2] = -shift
            grid = torch.nn.functional.affine_grid(theta, x.shape, align_corners=False)
            view = torch.nn.functional.grid_sample(x, grid, align_corners=False).reshape(count, 196)
            second += view.T @ view / 64
            cross += view.T @ y / 64
            mean += view.sum(0) / (64 * count)
        second -= count * torch.outer(mean, mean)
        cross -= count * torch.outer(mean, y.mean(0))
        system = (second + 1e-3 * count * torch.eye(196)).double()
        weights = torch.linalg.solve(system, cross.double())
        times.append(1000 * (time.perf_counter() - start))
    return {"milliseconds": times, "weights": weights.T.reshape(-1).tolist(), "version": torch.__version__}


if sys.argv[1] == "numpy":
    print(json.dumps(fourier()))
else:
    print(json.dumps(regression(sys.argv[2], sys.argv[3], int(sys.argv[4]))))
