// The wasm backend: the training step against the shipped backend and PyTorch, gradients against their forward passes,
// and what our kernels add to the call of a small operation.
import { availableParallelism } from "node:os";
import { init } from "@lab/core";
import { node, python, row, sample } from "@lab/tooling/bench";
import { convolution, layersStep, opsStep, smallOps } from "./training-step.mjs";

const same = (batch, size, channels) => ({ batch, size, inChannels: channels, outChannels: channels });

const shapes = {
  "3×3, 32×32×32": same(64, 32, 32),
  "3×3, 16×16×64": same(64, 16, 64),
  "3×3, 8×8×128": same(64, 8, 128),
  "3×3, 32×32×3 to 32": { batch: 64, size: 32, inChannels: 3, outChannels: 32 },
  "3×3 stride 2, 32×32×32 to 64": { batch: 64, size: 32, inChannels: 32, outChannels: 64, stride: 2 },
  "1×1 stride 2, 32×32×32 to 64": {
    batch: 64,
    size: 32,
    inChannels: 32,
    outChannels: 64,
    filter: 1,
    stride: 2,
  },
  "depthwise 3×3, 32×32×32": { ...same(64, 32, 32), depthwise: true },
};

export async function rows() {
  const { threads } = await init({ backend: "wasm" });
  const ours = {};
  for (const [name, run] of Object.entries(smallOps())) ours[name] = await sample(run, 9, { warm: 3 });
  const stepTimes = await sample(opsStep(), 7, { warm: 2 });
  const layers = await sample(layersStep(), 5, { warm: 2 });
  const stock = node(new URL("stock-wasm.mjs", import.meta.url), [3]);
  const torch = python(new URL("tensorflow-rivals.py", import.meta.url), [threads ?? 1, 9, "step"]);
  const result = [
    row({
      name: "training step of 7 convolutions, ops",
      ours: stepTimes,
      rival: stock.step,
      rivalName: "stock wasm, naive filter gradient",
      bar: { of: "ours", atMost: 1200 },
    }),
    row({
      name: "the same against PyTorch",
      ours: stepTimes,
      rival: torch.step,
      rivalName: `PyTorch eager, ${threads ?? 1} of ${availableParallelism()} threads`,
    }),
    row({
      name: "training step, layers",
      ours: layers,
      rival: stock.step,
      rivalName: "stock wasm, naive filter gradient",
      bar: { of: "ours", atMost: 1200 },
    }),
  ];
  for (const [name, shape] of Object.entries(shapes)) {
    const { forward, inputGradient, filterGradient } = await convolution(shape, 9);
    const rest = { rival: forward, rivalName: "its forward pass", bar: { of: "ratio", atMost: 2.5 } };
    result.push(
      row({ name: `${name}: input gradient`, ours: inputGradient, ...rest }),
      row({ name: `${name}: filter gradient`, ours: filterGradient, ...rest }),
    );
  }
  for (const name of Object.keys(smallOps())) {
    result.push(
      row({
        name: `a call, ${name}`,
        ours: ours[name],
        rival: stock[name],
        rivalName: "stock wasm",
        unit: "µs",
        bar: { of: "ratio", atMost: 1.05 },
      }),
    );
  }
  return { rows: result, skipped: torch.missing ? [{ name: "PyTorch", reason: torch.missing }] : [] };
}
