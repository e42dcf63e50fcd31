"""Names of the parameters of torchvision's ResNet-18 in their order, as JSON: what a flat vector of them holds."""

import json

import torchvision

print(json.dumps({"resnet18": [key for key, _ in torchvision.models.resnet18().named_parameters()]}))
