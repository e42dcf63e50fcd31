import { ArgumentError, checkChoice, checkFinite, checkInteger, tidyAsync } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel, LayerVariable } from "@tensorflow/tfjs-layers";
import { type Kernel, kernelsOf, replaceKernel } from "../compress/attach.js";

/** Options of {@link sparsify}. */
export interface SparsifyOptions {
  /** Weights that stay, over all kernels together: the degrees of freedom when positions are counted as free. */
  keep: number;
  /**
   * Which stay: by SNIP those whose removal would change the loss most at first order, those of largest magnitude, or any.
   */
  by: "snip" | "magnitude" | "random";
  /** Mean loss of a batch, for `snip`: a function of the model as it is now. */
  loss?: () => tf.Scalar;
  /** Draws the weights that stay, for `random`. @defaultValue `new Generator(0)` */
  generator?: Generator;
}

/** A model of which some weights are zero for good. */
export interface Sparse {
  /** The given model; kernels are multiplied by their masks wherever they are read. */
  model: LayersModel;
  /** Ones where a weight stays, by kernel name; they belong to this object. */
  masks: Readonly<Record<string, tf.Tensor>>;
  /** Weights that stay. */
  kept: number;
  /** Frees the masks, the stored kernels and the model. */
  dispose(): void;
}

/**
 * Keeps a number of a model's kernel weights and holds the others at zero: the pruned rivals of a ring at equal budget.
 *
 * SNIP scores weight $i$ by $|w_i\, \partial L / \partial w_i|$; magnitude by $|w_i|$.
 *
 * @param model - An uncompiled model, changed in place; its kernels keep their values where they stay.
 * @param options - See {@link SparsifyOptions}.
 * @returns See {@link Sparse}. Train it as any model: masked weights get no gradient.
 * @throws {@link ArgumentError} when `keep` is not from 1 to the number of kernel weights, `loss` is missing for `snip`, or
 *   the model is compiled or has no kernel.
 * @remarks Where scores are equal the earlier weight stays. Biases and norms are trained and not counted.
 * @see Lee, Ajanthan, Torr (2019), SNIP: single-shot network pruning based on connection sensitivity, eq. 5.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { mlp } from "@lab/core/nn";
 * import { sparsify } from "@lab/rpg";
 *
 * await init();
 * const sparse = await sparsify(mlp({ sizes: [8, 16, 4], bias: false }), { keep: 50, by: "magnitude" });
 * sparse.kept; // => 50
 * ```
 */
export async function sparsify(model: LayersModel, options: SparsifyOptions): Promise<Sparse> {
  const by = checkChoice("sparsify", "by", options.by, ["snip", "magnitude", "random"] as const);
  const kernels = kernelsOf(model);
  const total = kernels.reduce((sum, { variable }) => sum + sizeOf(variable), 0);
  if (total === 0 || (model as unknown as { optimizer_?: unknown }).optimizer_ !== undefined) {
    const what = total === 0 ? "without kernels; one with kernels" : "compiled; an uncompiled one";
    throw new ArgumentError(`sparsify: model is ${what} was expected`, {
      argument: "model",
      value: model.name,
    });
  }
  const keep = checkInteger("sparsify", "keep", options.keep, { min: 1, max: total });
  if (by === "snip" && typeof options.loss !== "function") {
    throw new ArgumentError("sparsify: loss is missing; a function was expected for snip", {
      argument: "loss",
      value: options.loss,
    });
  }
  const scores = by === "random" ? (options.generator ?? new Generator(0)) : await scoresOf(kernels, options);
  const chosen =
    scores instanceof Generator ? scores.permutation(total).subarray(0, keep) : largest(scores, keep);
  const flags = new Uint8Array(total);
  for (const place of chosen) flags[place] = 1;
  const masks: Record<string, tf.Tensor> = {};
  const stored: LayerVariable[] = [];
  let at = 0;
  for (const kernel of kernels) {
    const { variable, name } = kernel;
    const part = Float32Array.from(flags.subarray(at, at + sizeOf(variable)));
    at += part.length;
    const mask = tf.tidy(() => tf.keep(tf.tensor(part, variable.shape as number[])));
    masks[name] = mask;
    stored.push(variable);
    replaceKernel(kernel, () => tf.mul(variable.read(), mask));
  }
  return {
    model,
    masks,
    kept: keep,
    dispose() {
      tf.dispose(masks);
      for (const weight of [...stored, ...model.weights]) {
        const { val } = weight as unknown as { val: tf.Variable };
        if (!val.isDisposed) val.dispose();
      }
    },
  };
}

const sizeOf = ({ shape }: LayerVariable) => (shape as number[]).reduce((product, size) => product * size, 1);

/** $|w\, \partial L/\partial w|$ or $|w|$ of all kernels, one after the other. */
async function scoresOf(kernels: readonly Kernel[], { by, loss }: SparsifyOptions): Promise<Float32Array> {
  return tidyAsync(async (track) => {
    const variables = kernels.map(({ variable }) => variable.read() as tf.Variable);
    const grads = by === "snip" ? tf.variableGrads(loss!, variables) : undefined;
    if (grads) {
      track(grads.value);
      for (const gradient of Object.values(grads.grads)) track(gradient);
    }
    const parts: Float32Array[] = [];
    for (const variable of variables) {
      const score = track(
        tf.tidy(() => tf.abs(grads ? tf.mul(variable, grads.grads[variable.name]!) : variable)),
      );
      parts.push((await score.data()) as Float32Array);
    }
    const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  });
}

/** Places of the `count` largest scores; the earlier one of equals. */
function largest(scores: Float32Array, count: number): Uint32Array {
  checkFinite("sparsify", "scores", scores);
  const sorted = scores.slice().sort();
  const least = sorted[scores.length - count]!;
  const places = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > least) places[at++] = i;
  for (let i = 0; at < count; i++) if (scores[i] === least) places[at++] = i;
  return places;
}
