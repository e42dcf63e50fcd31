"""Makes nn.json and nn.safetensors: small torchvision-like networks with their outputs, and batch normalisation.

Run: python nn.py   (torch 2.14.1, torchvision 0.29.1, safetensors)
"""
import json, torch, torchvision, safetensors.torch
torch.manual_seed(1)

def stir(module):
    """Running statistics and scales that are not those of initialisation."""
    for m in module.modules():
        if isinstance(m, torch.nn.BatchNorm2d) or isinstance(m, torch.nn.BatchNorm1d):
            m.running_mean.uniform_(-0.3, 0.3); m.running_var.uniform_(0.5, 1.5)
            m.weight.data.uniform_(0.5, 1.5); m.bias.data.uniform_(-0.3, 0.3)
    return module.eval()

def image(*shape):
    n = 1
    for s in shape: n *= s
    return torch.sin(torch.arange(n, dtype=torch.float32) * 0.7).reshape(shape)

def thin(block, layers, width, classes):
    """torchvision's network with a narrow first stage."""
    net = torchvision.models.resnet.ResNet(block, layers, num_classes=classes)
    def shrink(m):
        for name, child in m.named_children():
            if isinstance(child, torch.nn.Conv2d):
                i = child.in_channels if child.in_channels == 3 else child.in_channels * width // 64
                setattr(m, name, torch.nn.Conv2d(i, child.out_channels * width // 64, child.kernel_size, child.stride, child.padding, bias=False))
            elif isinstance(child, torch.nn.BatchNorm2d):
                setattr(m, name, torch.nn.BatchNorm2d(child.num_features * width // 64))
            elif isinstance(child, torch.nn.Linear):
                setattr(m, name, torch.nn.Linear(child.in_features * width // 64, child.out_features))
            else:
                shrink(child)
    shrink(net)
    return net

R = torchvision.models.resnet
out, tensors = {}, {}
def record(name, net, x):
    with torch.no_grad(): y = net(x)
    channels_last = (lambda t: t.permute(0, 2, 3, 1) if t.ndim == 4 else t)
    out[name] = {'input': list(channels_last(x).shape), 'output': [round(v, 6) for v in channels_last(y).flatten().tolist()]}
    for key, value in net.state_dict().items():
        if 'num_batches' not in key: tensors[f'{name}.{key}'] = value.contiguous()

record('basic', stir(thin(R.BasicBlock, [2, 2, 2, 2], 1, 5)), image(2, 3, 37, 42))
record('mlp', stir(torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.BatchNorm1d(6), torch.nn.Tanh(), torch.nn.Linear(6, 3))), image(2, 4))
b = thin(R.Bottleneck, [3, 4, 6, 3], 1, 3)
record('bottleneck', stir(b), image(1, 3, 33, 40))
safetensors.torch.save_file(tensors, 'nn.safetensors')

out['counts'] = {n: sum(p.numel() for p in getattr(torchvision.models, n)(weights=None).parameters()) for n in ('resnet18', 'resnet34', 'resnet50')}

bn = torch.nn.BatchNorm2d(3, dtype=torch.float64)
bn.weight.data = torch.tensor([0.5, 1.5, -1.0], dtype=torch.float64); bn.bias.data = torch.tensor([0.1, -0.2, 0.3], dtype=torch.float64)
x = (image(2, 3, 4, 5).double() * torch.tensor([1.0, 2.0, 3.0]).double()[None, :, None, None] + 2).requires_grad_()
y = bn(x); weight = image(2, 3, 4, 5).double().roll(1) ** 2
(y * weight).sum().backward()
last = lambda t: t.detach().permute(0, 2, 3, 1).flatten().tolist()
out['batchNorm'] = {'x': last(x), 'weight': last(weight), 'y': last(y), 'dx': last(x.grad), 'dGamma': bn.weight.grad.tolist(), 'dBeta': bn.bias.grad.tolist(), 'mean': bn.running_mean.tolist(), 'variance': bn.running_var.tolist()}
json.dump(out, open('nn.json', 'w'))
