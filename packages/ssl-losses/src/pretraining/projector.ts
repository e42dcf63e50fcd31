import { ArgumentError, checkBoolean, checkChoice, checkInteger } from "@lab/core";
import { qrHost } from "@lab/core/linalg";
import { mlp, parameters } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { input, type LayersModel, type layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { Diagonal, Orthogonal } from "./projection-layers.js";

/** Options of {@link projector}. */
export interface ProjectorOptions {
  /**
   * `"mlp"`: hidden layers with ReLU, then a linear one; `"linear"`: one trained matrix; `"diagonal"`: one trained factor a
   * column; `"orthogonal"`: a trained rotation, square and always orthogonal; `"lowRank"`: a fixed random matrix of rank `rank`; `"lowRankDiagonal"`: the first `rank` columns, which is what
   * {@link directClr} does. The last four are the paper's ablation.
   * @defaultValue `"mlp"`
   */
  kind?: "mlp" | "linear" | "diagonal" | "orthogonal" | "lowRank" | "lowRankDiagonal";
  /** Columns of the representation. */
  inputs: number;
  /** Columns of the embedding, of `"mlp"` and `"linear"`. @defaultValue 128 */
  outputs?: number;
  /** Widths of the hidden layers of `"mlp"`. @defaultValue one, as wide as `inputs` */
  hidden?: readonly number[];
  /** Whether hidden layers of `"mlp"` are batch-normalised. @defaultValue false */
  batchNorm?: boolean;
  /** Rank of `"lowRank"` and `"lowRankDiagonal"`. @defaultValue half of `inputs` */
  rank?: number;
  /** Draws the weights. @defaultValue `new Generator(0)` */
  generator?: Generator;
}

const READ_BY: Readonly<Record<string, readonly string[]>> = {
  mlp: ["outputs", "hidden", "batchNorm"],
  linear: ["outputs"],
  diagonal: [],
  orthogonal: [],
  lowRank: ["rank"],
  lowRankDiagonal: ["rank"],
};

/**
 * The head that a contrastive loss looks at the representation through; it is thrown away after training.
 *
 * @param options - See {@link ProjectorOptions}.
 * @returns A model from `[batch, inputs]` to the embedding; the caller disposes it.
 * @throws {@link ArgumentError} when an option is out of range or is not read by the kind.
 * @see Jing, Vincent, LeCun, Tian (2022), section 6.1 and table 2; Chen et al. (2020), section 4.2, for the perceptron.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { projector } from "@lab/ssl-losses";
 *
 * await init();
 * const head = projector({ inputs: 32, hidden: [64], outputs: 16 });
 * head.outputs[0]!.shape; // => [null, 16]
 * ```
 */
export function projector(options: ProjectorOptions): LayersModel {
  const caller = "projector";
  const kind = checkChoice(caller, "kind", options.kind ?? "mlp", [
    "mlp",
    "linear",
    "diagonal",
    "orthogonal",
    "lowRank",
    "lowRankDiagonal",
  ] as const);
  for (const name of ["outputs", "hidden", "batchNorm", "rank"] as const) {
    if (options[name] === undefined || READ_BY[kind]!.includes(name)) continue;
    throw new ArgumentError(
      `${caller}: ${name} is given and kind is "${kind}", which does not read it; leave it out`,
      { argument: name, value: options[name] },
    );
  }
  const inputs = checkInteger(caller, "inputs", options.inputs, { min: 1 });
  const outputs = checkInteger(caller, "outputs", options.outputs ?? 128, { min: 1 });
  const generator = options.generator ?? new Generator(0);
  if (kind === "mlp") {
    const batchNorm = checkBoolean(caller, "batchNorm", options.batchNorm ?? false);
    return mlp({ sizes: [inputs, ...(options.hidden ?? [inputs]), outputs], batchNorm, generator });
  }
  if (kind === "linear") return mlp({ sizes: [inputs, outputs], bias: false, generator });
  if (kind === "diagonal") return ofLayer(inputs, new Diagonal({ name: "0" }));
  if (kind === "orthogonal") {
    const { q } = qrHost(generator.split("orthogonal").normal64(inputs * inputs), inputs, inputs);
    return ofLayer(inputs, new Orthogonal("0", Float32Array.from(q)));
  }
  const rank = checkInteger(caller, "rank", options.rank ?? Math.ceil(inputs / 2), { min: 1, max: inputs });
  return fixed(inputs, kind === "lowRank" ? lowRank(inputs, rank, generator) : firstColumns(inputs, rank));
}

function ofLayer(inputs: number, layer: layers.Layer): LayersModel {
  const first = input({ shape: [inputs] });
  return model({ inputs: first, outputs: layer.apply(first) as SymbolicTensor });
}

/** A linear layer that is not trained. */
function fixed(inputs: number, kernel: Float32Array): LayersModel {
  const result = mlp({ sizes: [inputs, inputs], bias: false });
  for (const layer of result.layers) layer.trainable = false;
  const value = tf.tensor2d(kernel, [inputs, inputs]);
  for (const variable of parameters(result, "all").values()) (variable as tf.Variable).assign(value);
  value.dispose();
  return result;
}

function firstColumns(size: number, rank: number): Float32Array {
  const kernel = new Float32Array(size * size);
  for (let k = 0; k < rank; k++) kernel[k * size + k] = 1;
  return kernel;
}

/** U Vᵀ of orthonormal U and V with `rank` columns each. */
function lowRank(size: number, rank: number, generator: Generator): Float32Array {
  const [u, v] = ["left", "right"].map(
    (name) => qrHost(generator.split(name).normal64(size * rank), size, rank).q,
  ) as [Float64Array, Float64Array];
  const kernel = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += u[i * rank + k]! * v[j * rank + k]!;
      kernel[i * size + j] = sum;
    }
  }
  return kernel;
}
