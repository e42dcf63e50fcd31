// The training step on WebGPU: on a graphics card as it is, on a software adapter only when LAB_WEBGPU_SOFTWARE asks.
import { init } from "@lab/core";
import { python, row, sample } from "@lab/tooling/bench";
import { opsStep } from "./training-step.mjs";

export async function rows() {
  let device;
  try {
    device = await init({ backend: "webgpu" });
  } catch (error) {
    return { rows: [], skipped: [{ name: "all", reason: error.message }] };
  }
  const ours = await sample(opsStep(), device.kind === "gpu" ? 15 : 3, {
    warm: device.kind === "gpu" ? 3 : 1,
  });
  const torch = python(new URL("tensorflow-rivals.py", import.meta.url), [2, 9, "step"]);
  const result = row({
    name: `training step on ${device.name}`,
    ours,
    rival: torch.step,
    rivalName: "PyTorch eager on 2 threads",
  });
  return { rows: [result], skipped: torch.missing ? [{ name: "PyTorch", reason: torch.missing }] : [] };
}
