import * as tf from "@tensorflow/tfjs-core";
import { block, scaleColumns, scaleRows, transposed } from "../matrix-ops.js";
import { runKernel } from "../run-kernel.js";
import { broadenedInverse, broadeningWidth } from "./broadened-inverse.js";
import { connectedOutputs } from "./saved-outputs.js";

/**
 * With $F_{ij} = 1/(s_j^2 - s_i^2)$, broadened:
 * $\bar A = U [(F \circ (U^T\bar U - \bar U^T U)) S + S (F \circ (V^T\bar V - \bar V^T V)) + \mathrm{diag}\,\bar s] V^T
 *   + (I - UU^T) \bar U S^{-1} V^T + U S^{-1} \bar V^T (I - VV^T)$.
 *
 * @see Townsend (2016), Differentiating the singular value decomposition.
 */
export const svdGradient: tf.GradConfig = {
  kernelName: "LabSvd",
  inputsToSave: ["a"],
  outputsToSave: [true, true, true],
  gradFunc: (dy, saved, attrs) => ({
    a: () => {
      const [a, ...outputs] = saved as tf.Tensor[];
      const options = attrs as unknown as { broadening: number; fullMatrices: boolean };
      const [u, s, vt] = connectedOutputs("LabSvd", { a: a! }, outputs, { ...options }) as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const [du, ds, dvt] = dy as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
      const left = thin(u, du, s.shape.at(-1)!);
      const right = thin(transposed(vt), transposed(dvt), s.shape.at(-1)!);
      return thinGradient(left, s, ds, right, options.broadening);
    },
  }),
};

/** Orthonormal columns and the gradient that arrives at them. */
interface Side {
  q: tf.Tensor;
  dq: tf.Tensor;
}

/** The first k columns; what arrives at the complement $Q_2$ acts on them as $-Q_2 \bar Q_2^T Q_1$. */
function thin(q: tf.Tensor, dq: tf.Tensor, k: number): Side {
  const [rows, columns] = [q.shape.at(-2)!, q.shape.at(-1)!];
  if (columns === k) return { q, dq };
  const first = block(q, 0, 0, rows, k);
  const rest = block(q, 0, k, rows, columns - k);
  const dRest = block(dq, 0, k, rows, columns - k);
  const moved = tf.matMul(rest, tf.matMul(dRest, first, true));
  return { q: first, dq: tf.sub(block(dq, 0, 0, rows, k), moved) };
}

function thinGradient(left: Side, s: tf.Tensor, ds: tf.Tensor, right: Side, broadening: number): tf.Tensor {
  const width = broadeningWidth(s, broadening);
  const [row, column] = [tf.expandDims(s, -2), tf.expandDims(s, -1)];
  // 1/(s_j² − s_i²) as a product, so that close values do not cancel in their squares.
  const f = tf.mul(
    broadenedInverse(tf.sub(row, column), width),
    broadenedInverse(tf.add(row, column), width),
  );
  const inverse = broadenedInverse(s, tf.squeeze(width, [width.rank - 1]));
  const turn = ({ q, dq }: Side) => {
    const product = tf.matMul(q, dq, true);
    return tf.mul(f, tf.sub(product, transposed(product)));
  };
  const outside = ({ q, dq }: Side) => tf.sub(dq, tf.matMul(q, tf.matMul(q, dq, true)));
  const diagonal = scaleColumns(left.q, ds);
  const core = tf.add(scaleColumns(turn(left), s), scaleRows(turn(right), s));
  const onLeft = tf.add(tf.add(tf.matMul(left.q, core), diagonal), scaleColumns(outside(left), inverse));
  const viaRight = tf.matMul(scaleColumns(left.q, inverse), outside(right), false, true);
  return tf.add(tf.matMul(onLeft, right.q, false, true), viaRight);
}

/** $\bar A = U \mathrm{diag}(\bar s) V^T$; the vectors are computed when the gradient is. */
export const svdvalsGradient: tf.GradConfig = {
  kernelName: "LabSvdvals",
  inputsToSave: ["a"],
  gradFunc: (ds, saved, attrs) => ({
    a: () => {
      const [a] = saved as [tf.Tensor];
      const broadening = (attrs as unknown as { broadening: number }).broadening;
      const [u, , vt] = runKernel("svdvals", "LabSvd", { a }, { broadening, fullMatrices: false });
      return tf.matMul(scaleColumns(u!, ds as tf.Tensor), vt!);
    },
  }),
};
