import { ArgumentError, formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { layoutSize, type ParameterLayout, sizeOf } from "../layout/index.js";

/**
 * Longest stretch of a parameter tensor that is worked on at once: what a density makes on its way is a few such
 * stretches, whatever the size of the model.
 */
const PIECE = 2 ** 18;

/** Mean, variance and deviations of a stretch of one parameter tensor. */
export type Piece = {
  /** First value of the tensor, flattened, that the piece is about. */
  start: number;
  /** Shape `[n]`. */
  mean: tf.Tensor1D;
  /** Shape `[n]`. */
  variance: tf.Tensor1D;
  /** Shape `[K, n]`. */
  deviations: tf.Tensor2D | undefined;
};

/** Moments shared by a prior and everything scaled or reduced from it; freed with the last of them. */
export class Moments {
  /** The pieces of each parameter tensor, in their order. */
  readonly blocks: readonly (readonly Piece[])[];
  readonly rank: number;
  private users = 0;

  constructor(blocks: readonly (readonly Piece[])[], rank: number) {
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

/** Refuses what is no vector, and values on the host that no mean or variance can have; tensors are not read. */
export function checkVectors(vectors: MomentVectors): void {
  for (const argument of ["mean", "variance"] as const) {
    const values = vectors?.[argument] as unknown;
    if (!(values instanceof Float32Array) && !(values instanceof tf.Tensor)) {
      const kind = Array.isArray(values) ? "an array" : typeof values;
      throw new ArgumentError(
        `GaussianPrior.from: ${argument} is ${kind}; a Float32Array or a Tensor1D was expected`,
        { argument, value: values },
      );
    }
    if (!(values instanceof Float32Array)) continue;
    const least = argument === "mean" ? Number.NEGATIVE_INFINITY : 0;
    const bad = values.findIndex((value) => !(Number.isFinite(value) && value >= least));
    if (bad < 0) continue;
    throw new ArgumentError(
      `GaussianPrior.from: ${argument}[${bad}] is ${values[bad]}; a finite number${argument === "mean" ? "" : " >= 0"} was expected`,
      { argument, value: values[bad] },
    );
  }
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

/** Cuts vectors into the pieces of each parameter tensor; the vectors stay the caller's. */
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
      const pieces: Piece[] = [];
      const total = sizeOf(entry);
      for (let start = 0; start < total; start += PIECE) {
        const length = Math.min(PIECE, total - start);
        pieces.push({
          start,
          mean: tf.keep(tf.slice(mean, [at + start], [length])),
          variance: tf.keep(tf.slice(variance, [at + start], [length])),
          deviations: deviations && tf.keep(tf.slice(deviations, [0, at + start], [rank, length])),
        });
      }
      at += total;
      return pieces;
    });
  });
  return new Moments(blocks, rank);
}
