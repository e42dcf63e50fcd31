import * as tf from "@tensorflow/tfjs-core";
import { checkDtype, formatShape } from "../check/index.js";
import { NotInitializedError, ShapeError } from "../errors/index.js";
import type { LinalgKernelName } from "./kernels/names.js";

/** Runs a kernel of {@link kernelNames}; its outputs. */
export function runKernel(
  caller: string,
  name: LinalgKernelName,
  inputs: Record<string, tf.Tensor>,
  attrs: Record<string, number | boolean> = {},
): tf.Tensor[] {
  const backend = tf.getBackend();
  if (!tf.getKernel(name, backend)) {
    throw new NotInitializedError(
      `${caller}: backend ${backend ?? "none"} has no linear algebra; a backend started by core was expected; call \`await init()\` from @lab/core first`,
      { backend: backend ?? "none" },
    );
  }
  const out = tf.engine().runKernel(name, inputs, attrs) as tf.Tensor | tf.Tensor[];
  return Array.isArray(out) ? out : [out];
}

/** Whether the step that runs now is itself recorded for a derivative, as in a second derivative. */
export function isRecorded(): boolean {
  return tf.engine().state.gradientDepth > 0;
}

/** Refuses anything but a float32 batch of matrices without empty axes. */
export function checkMatrix(caller: string, argument: string, a: tf.Tensor): void {
  checkDtype(caller, argument, a, ["float32"]);
  if (a.rank >= 2 && a.shape.at(-1)! > 0 && a.shape.at(-2)! > 0) return;
  throw new ShapeError(
    `${caller}: ${argument} has shape ${formatShape(a.shape)}; at least two axes, the last two not empty, were expected`,
    { argument, shape: a.shape },
  );
}

/** Refuses anything but a float32 batch of square matrices. */
export function checkSquare(caller: string, argument: string, a: tf.Tensor): void {
  checkMatrix(caller, argument, a);
  if (a.shape.at(-1) === a.shape.at(-2)) return;
  throw new ShapeError(
    `${caller}: ${argument} has shape ${formatShape(a.shape)}; square matrices in the last two axes were expected`,
    { argument, shape: a.shape },
  );
}

/** A matrix and right sides over one common batch, and how to undo the changes of shape on the result. */
export interface System {
  a: tf.Tensor;
  b: tf.Tensor;
  restore: (x: tf.Tensor) => tf.Tensor;
}

/**
 * Brings `a […,m,n]` and `b […,m,k]`, or one vector `b [m]`, to the same leading axes by broadcasting.
 * Call inside a tidy.
 */
export function alignSystem(caller: string, name: string, a: tf.Tensor, b: tf.Tensor): System {
  checkDtype(caller, "b", b, ["float32"]);
  const isVector = b.rank === 1;
  const right = isVector ? tf.expandDims(b, 1) : b;
  if (right.rank < 2 || right.shape.at(-2) !== a.shape.at(-2) || right.shape.at(-1) === 0) {
    throw new ShapeError(
      `${caller}: b has shape ${formatShape(b.shape)} and ${name} has shape ${formatShape(a.shape)}; b with ${a.shape.at(-2)} rows was expected`,
      { argument: "b", shape: b.shape },
    );
  }
  const batch = commonBatch(caller, name, a, right);
  return {
    a: broadcast(a, batch),
    b: broadcast(right, batch),
    restore: (x) => (isVector ? tf.squeeze(x, [-1 + x.rank]) : x),
  };
}

function commonBatch(caller: string, name: string, a: tf.Tensor, b: tf.Tensor): number[] {
  const [first, second] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const rank = Math.max(first.length, second.length);
  const padded = (batch: number[]) => [...new Array<number>(rank - batch.length).fill(1), ...batch];
  const [p, q] = [padded(first), padded(second)];
  return p.map((size, axis) => {
    const other = q[axis]!;
    if (size === other || other === 1) return size;
    if (size === 1) return other;
    throw new ShapeError(
      `${caller}: b has shape ${formatShape(b.shape)} and ${name} has shape ${formatShape(a.shape)}; leading axes that broadcast were expected`,
      { argument: "b", shape: b.shape },
    );
  });
}

function broadcast(a: tf.Tensor, batch: readonly number[]): tf.Tensor {
  const shape = [...batch, ...a.shape.slice(-2)];
  const isSame = shape.length === a.rank && shape.every((size, axis) => size === a.shape[axis]);
  return isSame ? a : tf.broadcastTo(a, shape);
}
