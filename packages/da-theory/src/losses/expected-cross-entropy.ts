import { checkInteger } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { AugmentedMoments } from "../moments/augmented-moments.js";
import type { ImageShape } from "../transforms/transform.js";
import { checkHead, forward, type Head } from "./model.js";
import { headCovariance } from "./output-moments.js";

/** Bounds and values of an expected cross-entropy, in nats. */
export interface ExpectedCrossEntropy {
  /** Jensen's lower bound. */
  lower: number;
  /** Second-order value; no bound. */
  secondOrder: number;
  /** Böhning's upper bound, for any distribution of the outputs. */
  upper: number;
  /** Upper bound through moment generating functions, where the transform has nodes. */
  upperMgf?: number;
  /** The expectation on those nodes. */
  value?: number;
}

/**
 * Expected cross-entropy of a linear classifier under a random transform, between bounds.
 *
 * With $z_0 = W\mu + b$, $p = \mathrm{softmax}(z_0)$: lower $\mathrm{lse}(z_0) - z_{0,y}$; second order
 * $+ \tfrac12 \mathrm{tr}((\mathrm{diag}\,p - pp^\top)\Sigma_z)$; upper $+ \tfrac12 \mathrm{tr}(B\Sigma_z)$ with
 * $B = \tfrac12(I - 11^\top/K)$; second upper bound $\log \sum_k E e^{z_k} - z_{0,y}$.
 *
 * @param head - The classifier.
 * @param m - Moments of the image, see {@link augmentedMoments}.
 * @param label - Its class.
 * @returns Numbers; the last two where the transform has an exact rule or a quadrature.
 * @throws {@link ShapeError}, {@link ArgumentError} when arguments do not fit.
 * @see Böhning (1992), Multinomial logistic regression algorithm, for the bound on the Hessian.
 */
export async function expectedCrossEntropy(
  head: Head,
  m: AugmentedMoments,
  label: number,
): Promise<ExpectedCrossEntropy> {
  checkHead("expectedCrossEntropy", head, m.covariance.size);
  const K = head.weights.shape[0];
  checkInteger("expectedCrossEntropy", "label", label, { min: 0, below: K });
  const outputs = tf.tidy(() => forward(head, tf.expandDims(m.mean, 0) as tf.Tensor4D));
  const covariance = await headCovariance(head, m.covariance, m.mean.shape as unknown as ImageShape);
  const z = new Float64Array(await outputs.data());
  const sigma = await covariance.data();
  tf.dispose([outputs, covariance]);
  const lse = (values: Float64Array) => {
    const most = Math.max(...values);
    return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
  };
  const norm = lse(z);
  const p = z.map((value) => Math.exp(value - norm));
  let [curvature, trace, total] = [0, 0, 0];
  for (let k = 0; k < K; k++) {
    trace += sigma[k * K + k]!;
    curvature += p[k]! * sigma[k * K + k]!;
    for (let l = 0; l < K; l++) {
      curvature -= p[k]! * p[l]! * sigma[k * K + l]!;
      total += sigma[k * K + l]!;
    }
  }
  const lower = norm - z[label]!;
  const result: ExpectedCrossEntropy = {
    lower,
    secondOrder: lower + curvature / 2,
    upper: lower + (trace - total / K) / 4,
  };
  const nodes = await m.project(head.weights);
  if (!nodes) return result;
  const bias = head.bias ? await head.bias.data() : new Float32Array(K);
  const mgf = new Float64Array(K);
  let value = 0;
  const most = Math.max(...z);
  for (let q = 0; q < nodes.weights.length; q++) {
    const row = nodes.values.subarray(q * K, (q + 1) * K).map((own, k) => own + bias[k]!);
    value += nodes.weights[q]! * (lse(row) - row[label]!);
    for (let k = 0; k < K; k++) mgf[k]! += nodes.weights[q]! * Math.exp(row[k]! - most);
  }
  return {
    ...result,
    upperMgf: most + Math.log(mgf.reduce((sum, own) => sum + own, 0)) - z[label]!,
    value,
  };
}
