"""Makes image.json: values and gradients of torch's samplers and torchvision's transforms, channels last.

Run: python image.py > image.json   (torch 2.14.1, torchvision 0.29.1)
"""
import itertools, json, math, torch
import torch.nn.functional as F
import torchvision.transforms.functional as T

def wave(*shape, low=-1.0, high=1.0, speed=0.7):
    n = math.prod(shape)
    return (torch.sin(torch.arange(n, dtype=torch.float64) * speed) * (high - low) / 2 + (high + low) / 2).reshape(shape)

def last(t):
    return [round(v, 8) for v in t.detach().permute(0, 2, 3, 1).flatten().tolist()]

flat = lambda t: [round(v, 8) for v in t.detach().flatten().tolist()]

out = {'sample': {}}
# channels-last waves, so that the test can make them
image = wave(2, 5, 6, 3).permute(0, 3, 1, 2).contiguous()
grid = wave(2, 4, 3, 2, low=-1.9, high=1.9, speed=1.3)
upstream = wave(2, 4, 3, 3, speed=0.9).permute(0, 3, 1, 2).contiguous()
for mode, padding, align in itertools.product(['bilinear', 'nearest'], ['zeros', 'border', 'reflection'], [False, True]):
    x, g = image.clone().requires_grad_(), grid.clone().requires_grad_()
    y = F.grid_sample(x, g, mode=mode, padding_mode=padding, align_corners=align)
    (y * upstream).sum().backward()
    out['sample'][f'{mode} {padding} {align}'] = {'value': last(y), 'images': last(x.grad), 'grid': flat(g.grad)}

theta = wave(2, 2, 3)
out['affine'] = {str(a): flat(F.affine_grid(theta, [2, 1, 3, 4], align_corners=a)) for a in (False, True)}

color = wave(2, 6, 5, 3, low=0.0, high=1.0, speed=0.37).permute(0, 3, 1, 2).contiguous()
out['brightness'] = last(T.adjust_brightness(color, 1.3))
out['contrast'] = last(T.adjust_contrast(color, 0.4))
out['saturation'] = last(T.adjust_saturation(color, 1.7))
out['hue'] = last(T.adjust_hue(color, 0.3))
out['hueBack'] = last(T.adjust_hue(color, -0.45))
out['grey'] = last(T.rgb_to_grayscale(color, 3))
a = T.adjust_saturation(T.adjust_brightness(T.adjust_contrast(T.adjust_hue(color, 0.1), 1.6), 0.8), 0.5)
b = T.adjust_hue(T.adjust_contrast(T.adjust_saturation(T.adjust_brightness(color, 1.2), 1.5), 0.7), -0.2)
out['jitter'] = last(torch.stack([a[0], b[1]]))
out['blur'] = {f'{k} {s}': last(T.gaussian_blur(color, [k, k], [s, s])) for k, s in [(3, 0.5), (5, 1.7), (9, 2.0)]}
big = wave(2, 12, 11, 3, low=0.0, high=1.0, speed=0.37).permute(0, 3, 1, 2).contiguous()
crop = lambda i, box, size: T.resized_crop(big[i:i + 1], *box, size, antialias=True)
out['cropUp'] = last(torch.cat([crop(0, (2, 1, 5, 7), [8, 9]), crop(1, (0, 0, 3, 2), [8, 9])]))
out['cropDown'] = last(torch.cat([crop(0, (1, 0, 11, 10), [4, 3]), crop(1, (0, 0, 12, 11), [4, 3])]))
print(json.dumps(out))
