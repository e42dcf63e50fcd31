"""Writes torch-files.json: files of torch.save as base64, with their values."""
import base64, io, json
import torch

def saved(tensor):
    buffer = io.BytesIO()
    torch.save(tensor, buffer)
    return {"file": base64.b64encode(buffer.getvalue()).decode(), "shape": list(tensor.shape), "values": tensor.flatten().tolist()}

base = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 7
cases = {
    "vector": saved(torch.tensor([1.5, -2.0, 3.25])),
    "matrix": saved(base.clone()),
    "transposed view": saved(base.t()),
    "sliced view": saved(base[1:, ::2]),
    "double": saved(torch.tensor([0.1, 0.2], dtype=torch.float64)),
}
buffer = io.BytesIO(); torch.save({"a": torch.zeros(2)}, buffer)
cases_bad = {"dictionary": base64.b64encode(buffer.getvalue()).decode()}
buffer = io.BytesIO(); torch.save(torch.tensor([1, 2]), buffer)
cases_bad["whole numbers"] = base64.b64encode(buffer.getvalue()).decode()
json.dump({"torch": torch.__version__, "good": cases, "bad": cases_bad}, open("torch-files.json", "w"), indent=1)
