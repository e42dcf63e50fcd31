"""Files written by the reference libraries (safetensors, numpy), base64. Run: python files.py > files.json"""
import base64
import io
import json
import sys
import numpy as np
import torch
from safetensors.torch import save

values = {
    "f64": torch.tensor([[1.5, -2.25, 1e-300]], dtype=torch.float64),
    "f32": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4,
    "f16": torch.tensor([1.0, -2.5, 65504.0, 6e-8, float("inf")], dtype=torch.float16),
    "bf16": torch.tensor([1.0, -3.140625, 1e38], dtype=torch.bfloat16),
    "i64": torch.tensor([-(2**31), 2**31 - 1, 7], dtype=torch.int64),
    "wide": torch.tensor([2**40], dtype=torch.int64),
    "i32": torch.tensor([[1], [-2]], dtype=torch.int32),
    "i16": torch.tensor([-300, 300], dtype=torch.int16),
    "i8": torch.tensor([-128, 127], dtype=torch.int8),
    "u8": torch.tensor([0, 255], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "scalar": torch.tensor(3.5),
    "empty": torch.zeros((0, 4)),
}
out = {"safetensors": base64.b64encode(save(values, {"made": "by torch"})).decode()}

half = torch.tensor([0.1, 1 / 3, 65519.0, 65520.0, 1e-7, 5.96e-8, 2.98e-8, 2.99e-8, 6.1e-5, -1234.5678, 2049.0, 2051.0])
out["half"] = {
    "values": half.double().tolist(),
    "f16": half.half().view(torch.int16).int().bitwise_and(0xFFFF).tolist(),
    "bf16": half.bfloat16().view(torch.int16).int().bitwise_and(0xFFFF).tolist(),
}


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return base64.b64encode(buffer.getvalue()).decode()


arrays = {
    "f4": np.arange(6, dtype="<f4").reshape(2, 3) / 4,
    "f8": np.array([1.5, -2.25]),
    "f2": np.array([0.5, -1.0], dtype="<f2"),
    "bigF4": np.array([1.5, 2.5], dtype=">f4"),
    "bigI2": np.array([1, -2], dtype=">i2"),
    "i1": np.array([-1, 1], dtype="i1"),
    "i2": np.array([-300, 300], dtype="<i2"),
    "i4": np.array([[1], [-2]], dtype="<i4"),
    "i8": np.array([2**40, -1], dtype="<i8"),
    "u1": np.array([0, 255], dtype="u1"),
    "u2": np.array([0, 65535], dtype="<u2"),
    "u4": np.array([0, 2**32 - 1], dtype="<u4"),
    "u8": np.array([2**63], dtype="<u8"),
    "bool": np.array([True, False]),
    "scalar": np.float32(3.5),
    "empty": np.zeros((0, 4), "<f4"),
    "fortran": np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)),
}
out["npy"] = {name: {"file": npy(a), "shape": list(a.shape), "values": [str(v) for v in np.ravel(a, "C").tolist()]} for name, a in arrays.items()}
out["objects"] = npy(np.array([{}], dtype=object)) 
for name, save_npz in (("npz", np.savez), ("npzCompressed", np.savez_compressed)):
    buffer = io.BytesIO()
    save_npz(buffer, a=arrays["f4"], b=arrays["i8"])
    out[name] = base64.b64encode(buffer.getvalue()).decode()
json.dump(out, sys.stdout)
