import { assign, type ParameterSet, parameters } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";

/** Names of running statistics, in the engine's layers and in core's. */
const RUNNING = /moving_(mean|variance)$/;

/**
 * Sets the running statistics of batch-norm layers to the mean over batches of training inputs: those of one set of
 * weights say nothing about another.
 *
 * A layer moves a statistic from `old` to `m old + (1 - m) batch`. Two passes from 0 and from 1 tell its `m`; a pass
 * from 0 then tells the batch's own value.
 */
export function recomputeBatchNorm(model: LayersModel, inputs: tf.Tensor, batchSize: number): void {
  const statistics = parameters(model, (name) => RUNNING.test(name));
  if (statistics.size === 0) return;
  const names = [...statistics.keys()];
  tf.tidy(() => {
    const batches: tf.Tensor[] = [];
    for (let start = 0; start < inputs.shape[0]!; start += batchSize) {
      const count = Math.min(batchSize, inputs.shape[0]! - start);
      batches.push(
        tf.slice(inputs, [start, ...inputs.shape.slice(1).map(() => 0)], [count, ...inputs.shape.slice(1)]),
      );
    }
    const moved = (batch: tf.Tensor, from: (like: tf.Tensor) => tf.Tensor) => {
      assign(model, new Map([...statistics].map(([name, value]) => [name, from(value)])));
      model.apply(batch, { training: true });
      return names.map((name) => tf.clone(statistics.get(name)!));
    };
    const zero = moved(batches[0]!, tf.zerosLike);
    const one = moved(batches[0]!, tf.onesLike);
    const kept = zero.map((value, i) => tf.sub(1, tf.sub(one[i]!, value))); // 1 − m
    let sums = zero;
    for (const batch of batches.slice(1))
      sums = moved(batch, tf.zerosLike).map((value, i) => tf.add(value, sums[i]!));
    const means: ParameterSet = new Map(
      names.map((name, i) => [name, tf.div(tf.div(sums[i]!, kept[i]!), batches.length)]),
    );
    assign(model, means);
  });
}
