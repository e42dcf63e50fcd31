import {
  callKernel,
  type HostKernel,
  hasHostKernel,
  type KernelAttributes,
  registerHostKernel,
} from "@lab/core/host-kernel";
import * as tf from "@tensorflow/tfjs-core";
import type { Moved, Part, Quadratic, QuadraticOptions } from "../lasso/quadratic.js";
import { finishStep, type StepParameters } from "./finish-step.js";

const NAME = "LabSparseStep";
const INPUTS = ["at", "offset", "tangent", "ahead", "codes", "clock"] as const;

type Values = Float32Array;

/** Inputs of a fused step; `offset` and `tangent` of shape `[0]` are none. */
export type FusedInputs = Record<(typeof INPUTS)[number], tf.Tensor>;

/** The end of a step as one loop: some thirty engine calls with small tensors cost more than the products beside them. */
const kernel: HostKernel = {
  name: NAME,
  inputs: INPUTS,
  outputShapes(_, attributes) {
    const { rows, size } = attributes as unknown as StepParameters;
    return [[rows, size], [rows, size], [rows], [6 * size]];
  },
  compute(inputs, outputs, _, attributes) {
    const [at, offset, tangent, ahead, codes, clock] = inputs as [
      Values,
      Values,
      Values,
      Values,
      Values,
      Values,
    ];
    const [nextCodes, nextAhead, nextClock, room] = outputs as [Values, Values, Values, Values];
    const views = { at, offset, tangent, ahead, codes, clock, nextCodes, nextAhead, nextClock, room };
    finishStep(attributes as unknown as StepParameters, views);
  },
};

/** Whether the backend can finish a step in one loop over its own memory; registers the kernel, once. */
export function canFuse(): boolean {
  if (tf.getBackend() === "tensorflow") return false; // the copies cost more than the loop saves
  registerHostKernel(kernel);
  return hasHostKernel(NAME);
}

/** Codes, point ahead and clock after a step. */
export function fusedStep(
  inputs: FusedInputs,
  parameters: StepParameters,
): [codes: tf.Tensor2D, ahead: tf.Tensor2D, clock: tf.Tensor1D] {
  const outputs = callKernel(NAME, inputs, parameters as unknown as KernelAttributes);
  outputs.pop()!.dispose();
  return outputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
}

/** Ends an iteration of separate rows in one kernel. */
export function finishRows(p: Quadratic, at: tf.Tensor2D, old: Part, o: QuadraticOptions): Moved {
  const [rows, size] = at.shape;
  const { offset, ahead, codes, clock } = old;
  const tangent = tf.tensor1d([], "float32");
  return fusedStep(
    { at, offset, tangent, ahead, codes, clock },
    {
      ...{ rows, size, groups: 1, positive: p.positive, restart: o.restart },
      ...{ shrink: o.step * p.sparsity, hinge: 0, threshold: 0, tangentStep: 0 },
      momentum: o.momentum ?? -1,
    },
  );
}
