import * as tf from "@tensorflow/tfjs-core";
import { powerStep, startVector } from "../decoders/spectral-norm.js";
import { checkNorms, checkScales } from "./check-problem.js";
import { solveQuadratic } from "./quadratic.js";
import type { Solved } from "./sparse-codes.js";

/** What the device solver needs to know. */
export interface FistaOptions {
  alpha: number;
  positive: boolean;
  tolerance: number;
  maxIterations: number;
  init: tf.Tensor2D | undefined;
}

const POWER_STEPS = 24;
/** The power iteration comes from below. */
const MARGIN = 1.05;
/** Iterations between reads of the device. */
const CHECK_EVERY = 8;

/** The lasso of every row by accelerated proximal gradient descent on the device. */
export async function fistaCodes(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  o: FistaOptions,
): Promise<Solved & { scales: Float64Array }> {
  const l = dictionary.shape[1];
  const [matrix, target, scale, start, figures] = tf.tidy(() => {
    const gram = tf.matMul(dictionary, dictionary, true, false) as tf.Tensor2D;
    const squares = tf.sum(tf.square(y), 1) as tf.Tensor1D;
    let power = powerStep(gram, tf.tensor2d(startVector(l), [l, 1]));
    for (let i = 1; i < POWER_STEPS; i++) power = powerStep(gram, power.vector);
    const norms = tf.sum(tf.square(dictionary), 0) as tf.Tensor1D;
    const from = o.init ?? tf.zeros([y.shape[0], l]);
    return [
      gram,
      tf.matMul(y, dictionary) as tf.Tensor2D,
      squares,
      (o.positive ? tf.relu(from) : tf.clone(from)) as tf.Tensor2D,
      tf.concat([tf.reshape(power.value, [1]), norms, squares]),
    ] as const;
  });
  try {
    const values = await figures.data();
    checkNorms("sparseEncode", values.subarray(1, l + 1));
    const scales = new Float64Array(values.subarray(l + 1));
    checkScales("sparseEncode", scales);
    const found = await solveQuadratic(
      { matrix, target, scale, sparsity: o.alpha, positive: o.positive },
      {
        step: 1 / (MARGIN * values[0]!),
        momentum: undefined,
        restart: true,
        stop: "gap",
        tolerance: o.tolerance,
        maxIterations: o.maxIterations,
        checkEvery: CHECK_EVERY,
        init: start,
      },
    );
    const codes = (await found.codes.data()) as Float32Array;
    found.codes.dispose();
    return { values: codes, gap: found.gap, iterations: found.iterations, scales };
  } finally {
    tf.dispose([matrix, target, scale, start, figures]);
  }
}
