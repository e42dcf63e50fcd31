// The training step on WebGPU: on a graphics card as it is, on a software adapter only when LAB_WEBGPU_SOFTWARE asks.
import { init } from "@lab/core";
import { python, row, sample } from "./rows.mjs";
import { opsStep } from "./training-step.mjs";

export async function rows() {
  let device;
  try {
    device = await init({ backend: "webgpu" });
  } catch (error) {
    return { rows: [], skipped: [{ name: "all", reason: error.message }] };
  }
  const ours = await sample(opsStep(), device.kind === "gpu" ? 15 : 3, device.kind === "gpu" ? 3 : 1);
  const torch = python("tensorflow-rivals.py", [2, 9, "step"]);
  const result = row({
    name: `training step on ${device.name}`,
    ours,
    rival: torch.step,
    rivalName: "PyTorch eager on 2 threads",
  });
  return { rows: [result], skipped: torch.missing ? [{ name: "PyTorch", reason: torch.missing }] : [] };
}
