"""Milliseconds of kornia for the augmentations of augmentation.mjs, as JSON."""
import json, time
import kornia.augmentation as K
import torch

images = torch.rand(256, 3, 32, 32)
augment = K.AugmentationSequential(
    K.RandomResizedCrop((32, 32)),
    K.RandomHorizontalFlip(),
    K.ColorJitter(0.4, 0.4, 0.2, 0.1, p=0.8),
    K.RandomGrayscale(p=0.2),
    K.RandomGaussianBlur((3, 3), (0.1, 2.0), p=0.5),
)
times = []
with torch.no_grad():
    augment(images)
    for _ in range(9):
        start = time.perf_counter()
        augment(images)
        times.append((time.perf_counter() - start) * 1000)
print(json.dumps({"times": times}))
