import { ArgumentError, formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { layoutSize, type ParameterLayout, sizeOf } from "../layout/index.js";

/** Mean, variance and deviations of one parameter tensor, flattened. */
export interface Block {
  /** Shape `[n]`. */
  mean: tf.Tensor1D;
  /** Shape `[n]`. */
  variance: tf.Tensor1D;
  /** Shape `[K, n]`. */
  deviations: tf.Tensor2D | undefined;
}

/** Moments shared by a prior and everything scaled or reduced from it; freed with the last of them. */
export class Moments {
  readonly blocks: readonly Block[];
  readonly rank: number;
  private users = 0;

  constructor(blocks: readonly Block[], rank: number) {
    this.blocks = blocks;
    this.rank = rank;
  }

  /** Takes part in the ownership. */
  acquire(): this {
    this.users += 1;
    return this;
  }

  /** Gives up the ownership. */
  release(): void {
    this.users -= 1;
    if (this.users === 0) tf.dispose(this.blocks as unknown as tf.TensorContainer);
  }
}

/** Where moments come from: vectors in the order of a layout. */
export interface MomentVectors {
  /** Mean, `[P]`. */
  mean: tf.Tensor1D | Float32Array;
  /** Variance $d$, `[P]`. */
  variance: tf.Tensor1D | Float32Array;
  /** Deviations $U$, `[K, P]`. */
  deviations?: tf.Tensor2D;
}

function asVector(argument: string, values: tf.Tensor1D | Float32Array, size: number): tf.Tensor1D {
  const shape = values instanceof Float32Array ? [values.length] : values.shape;
  if (shape.length !== 1 || shape[0] !== size) {
    throw new ShapeError(
      `GaussianPrior.from: ${argument} has shape ${formatShape(shape)}; [${size}] was expected`,
      {
        argument,
        shape,
      },
    );
  }
  return values instanceof Float32Array ? tf.tensor1d(values) : values;
}

/** Cuts vectors into blocks, one a parameter tensor; the vectors stay the caller's. */
export function momentsOf(vectors: MomentVectors, layout: ParameterLayout): Moments {
  const size = layoutSize(layout);
  const { deviations } = vectors;
  if (deviations && (deviations.rank !== 2 || deviations.shape[1] !== size)) {
    throw new ShapeError(
      `GaussianPrior.from: deviations has shape ${formatShape(deviations.shape)}; [K,${size}] was expected`,
      { argument: "deviations", shape: deviations.shape },
    );
  }
  const rank = deviations?.shape[0] ?? 0;
  if (rank === 1) {
    throw new ArgumentError(
      "GaussianPrior.from: deviations has 1 row; at least 2 were expected, or no deviations for a diagonal prior",
      { argument: "deviations", value: rank },
    );
  }
  const blocks = tf.tidy(() => {
    const mean = asVector("mean", vectors.mean, size);
    const variance = asVector("variance", vectors.variance, size);
    let at = 0;
    return layout.entries.map((entry) => {
      const [start, length] = [at, sizeOf(entry)];
      at += length;
      return {
        mean: tf.keep(tf.slice(mean, [start], [length])),
        variance: tf.keep(tf.slice(variance, [start], [length])),
        deviations: deviations && tf.keep(tf.slice(deviations, [0, start], [rank, length])),
      };
    });
  });
  return new Moments(blocks, rank);
}
