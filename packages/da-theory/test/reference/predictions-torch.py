"""Trains a small classifier with and without flips and writes predictions for `lab audit`."""
import csv
import sys

import torch
from torch import nn

SETTINGS = {"none": 0.0, "flip": 0.5}  # probability of a mirror image


def data(count, generator):
    """Four classes of 8×8 pictures: a bright bar at the left, right, top or bottom."""
    labels = torch.randint(4, (count,), generator=generator)
    images = 0.8 * torch.randn(count, 8, 8, generator=generator)
    for image, label in zip(images, labels):
        bar = torch.ones(8)
        if label == 0:
            image[:, 1] += bar
        elif label == 1:
            image[:, 6] += bar
        elif label == 2:
            image[1] += bar
        else:
            image[6] += bar
    return images, labels


def train(probability, seed):
    torch.manual_seed(seed)
    images, labels = data(200, torch.Generator().manual_seed(seed))
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(100):
        mirrored = torch.rand(len(images)) < probability
        views = torch.where(mirrored[:, None, None], images.flip(2), images)
        loss = nn.functional.cross_entropy(model(views), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


if __name__ == "__main__":
    images, labels = data(60, torch.Generator().manual_seed(99))
    with open(sys.argv[1], "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["setting", "seed", "index", "label", "prediction"])
        for setting, probability in SETTINGS.items():
            for seed in range(2):
                model = train(probability, seed)
                with torch.no_grad():
                    predictions = model(images).argmax(1)
                for index, (label, prediction) in enumerate(zip(labels.tolist(), predictions.tolist())):
                    rows.writerow([setting, seed, index, label, prediction])
