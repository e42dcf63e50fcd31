import { ArgumentError, tidyAsync } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Compressed } from "./compress/index.js";

/** Gradient of one worker's batch: plain arrays that can be sent. */
export interface RingGradient {
  /** Of all rings, one after the other. */
  ring: Float32Array;
  /** Of all free parameters, one after the other. */
  free: Float32Array;
  /** The batch's loss. */
  loss: number;
}

function variablesOf(compressed: Compressed): { rings: tf.Variable[]; free: tf.Variable[] } {
  const rings = compressed.generators.map(({ ring }) => ring);
  const all = compressed.model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return { rings, free: all.filter((variable) => !rings.includes(variable)) };
}

/**
 * The gradient of a loss as two short arrays: the traffic of a data-parallel step, $4N$ bytes for a ring of $N$.
 *
 * @param compressed - The model that the loss uses.
 * @param loss - Scalar loss of this worker's batch.
 * @returns See {@link RingGradient}; the mean over workers is the gradient of the whole batch.
 */
export async function ringGradient(compressed: Compressed, loss: () => tf.Scalar): Promise<RingGradient> {
  const { rings, free } = variablesOf(compressed);
  return tidyAsync(async (track) => {
    const { value, grads } = tf.variableGrads(loss, [...rings, ...free]);
    track(value);
    for (const gradient of Object.values(grads)) track(gradient);
    const joined = async (variables: tf.Variable[]) => {
      const out = new Float32Array(variables.reduce((sum, { size }) => sum + size, 0));
      let at = 0;
      for (const variable of variables) {
        out.set((await grads[variable.name]!.data()) as Float32Array, at);
        at += variable.size;
      }
      return out;
    };
    return { ring: await joined(rings), free: await joined(free), loss: (await value.data())[0]! };
  });
}

/**
 * Updates rings and free parameters by a gradient from {@link ringGradient}, or a mean of several.
 *
 * @param compressed - The model.
 * @param gradient - One number for each trained parameter.
 * @param optimizer - Makes the update.
 * @throws {@link ArgumentError} when the numbers do not fit the model.
 */
export function applyGradient(
  compressed: Compressed,
  gradient: Pick<RingGradient, "ring" | "free">,
  optimizer: tf.Optimizer,
): void {
  const { rings, free } = variablesOf(compressed);
  tf.tidy(() => {
    const named: Record<string, tf.Tensor> = {};
    for (const [part, variables] of [
      ["ring", rings],
      ["free", free],
    ] as const) {
      const size = variables.reduce((sum, variable) => sum + variable.size, 0);
      if (gradient[part].length !== size) {
        throw new ArgumentError(
          `applyGradient: ${part} has ${gradient[part].length} numbers; ${size} were expected`,
          { argument: part, value: gradient[part].length },
        );
      }
      let at = 0;
      for (const variable of variables) {
        named[variable.name] = tf.tensor(gradient[part].slice(at, at + variable.size), variable.shape);
        at += variable.size;
      }
    }
    optimizer.applyGradients(named as never);
  });
}

/** What a data-parallel step sends; see {@link gradientTraffic}. */
export interface GradientTraffic {
  /** Bytes of the rings' gradient, $4N$. */
  ring: number;
  /** Bytes of the free parameters' gradient. */
  free: number;
  /** Bytes of both. */
  total: number;
  /** Bytes of the gradient of the same network without rings. */
  dense: number;
  /** `dense` over `total`. */
  timesLess: number;
}

/**
 * Bytes that one worker sends in a data-parallel step, against those of the network without rings.
 *
 * @param compressed - The model.
 * @returns See {@link GradientTraffic}; float32 numbers, without a protocol's own bytes.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { mlp } from "@lab/core/nn";
 * import { compress, gradientTraffic } from "@lab/rpg";
 *
 * await init();
 * const net = compress(mlp({ sizes: [784, 300, 300, 300, 10], bias: false }), { parameters: 4000 });
 * gradientTraffic(net).total; // => 16000
 * gradientTraffic(net).dense; // => 1672800
 * ```
 */
export function gradientTraffic(compressed: Compressed): GradientTraffic {
  const bytes = (variables: readonly tf.Variable[]) => variables.reduce((sum, { size }) => sum + 4 * size, 0);
  const { rings, free } = variablesOf(compressed);
  const sizes = { ring: bytes(rings), free: bytes(free), dense: 4 * compressed.report.dense };
  const total = sizes.ring + sizes.free;
  return { ...sizes, total, timesLess: sizes.dense / total };
}
