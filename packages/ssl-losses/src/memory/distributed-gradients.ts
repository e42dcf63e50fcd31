import { ArgumentError, checkInteger, checkRank, formatShape, ShapeError, tidyAsync } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link distributedGradients}. */
export interface DistributedGradientsOptions {
  /**
   * Encodes both views of this worker's samples to `[rows, dim]` each. It runs twice and must give the same rows both times:
   * draw augmentation and dropout from a seed that does not depend on the call.
   */
  encode: (training: true) => readonly [first: tf.Tensor2D, second: tf.Tensor2D];
  /**
   * Sends this worker's rows to all workers and answers the rows of all, `[workers * rows, dim]`, in the order of their ranks;
   * the result belongs to {@link distributedGradients}, which disposes it. All workers send equally many rows.
   */
  gather: (rows: tf.Tensor2D) => Promise<tf.Tensor2D>;
  /** Number of this worker, from 0. */
  rank: number;
  /** Loss of the embeddings of the whole batch, a mean over it. */
  loss: (first: tf.Tensor2D, second: tf.Tensor2D) => tf.Tensor;
  /** What is differentiated; every worker holds the same values. */
  variables: readonly tf.Variable[];
}

/**
 * This worker's share of the gradient of a loss that couples a batch spread over several workers.
 *
 * Every worker encodes its rows without recording, gathers the rows of all, differentiates the loss of the whole batch by its
 * own rows, and pulls that back through its encoder. The shares of all workers add up to the gradient of the whole batch:
 * sum them, do not average.
 *
 * @param options - See {@link DistributedGradientsOptions}.
 * @returns The loss of the whole batch, the same on every worker, and gradients by variable name; all belong to the caller.
 * @throws {@link ArgumentError} for a rank out of range; {@link ShapeError} when what was gathered does not fit.
 * @remarks Costs one more forward pass than training on one worker. Exact, except that batch normalisation sees the rows of one
 *   worker. Only embeddings travel: `2 * rows * dim` numbers a worker; the loss itself is computed by everyone.
 * @see Chen, Kornblith, Norouzi, Hinton (2020), A simple framework for contrastive learning, appendix B; Gao et al. (2021).
 */
export async function distributedGradients(
  options: DistributedGradientsOptions,
): Promise<{ loss: tf.Scalar; gradients: tf.NamedTensorMap }> {
  const caller = "distributedGradients";
  const { encode, gather, loss, variables } = options;
  const rank = checkInteger(caller, "rank", options.rank, { min: 0 });
  return tidyAsync(async (track) => {
    const [first, second] = tf.tidy(() => encode(true).slice() as [tf.Tensor2D, tf.Tensor2D]).map(track) as [
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    checkRank(caller, "encode()[0]", first, 2);
    const rows = first.shape[0];
    const all: tf.Tensor2D[] = [];
    for (const own of [first, second]) all.push(track(await gather(own)));
    for (const whole of all) {
      if (whole.shape[0] % rows !== 0 || whole.shape[1] !== first.shape[1]) {
        throw new ShapeError(
          `${caller}: gather answered shape ${formatShape(whole.shape)}; rows of ${rows} from every worker, [any,${first.shape[1]}], were expected`,
          { argument: "gather", shape: whole.shape },
        );
      }
    }
    const numWorkers = all[0]!.shape[0] / rows;
    if (rank >= numWorkers) {
      throw new ArgumentError(
        `${caller}: rank is ${rank} and ${numWorkers} workers were gathered; a number from 0 to ${numWorkers - 1} was expected`,
        { argument: "rank", value: rank },
      );
    }
    return tf.tidy(() => {
      const { value, grads } = tf.valueAndGrads((a, b) => loss(a as tf.Tensor2D, b as tf.Tensor2D))(all);
      const own = grads.map((grad) => tf.slice(grad, [rank * rows, 0], first.shape));
      const pull = () => {
        const [a, b] = encode(true);
        return tf.add(tf.sum(tf.mul(a, own[0]!)), tf.sum(tf.mul(b, own[1]!))) as tf.Scalar;
      };
      const { grads: gradients } = tf.variableGrads(pull, [...variables]);
      for (const variable of variables) gradients[variable.name] ??= tf.zeros(variable.shape);
      return { loss: tf.reshape(value, []) as tf.Scalar, gradients };
    });
  });
}
