import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
// @ts-expect-error The example is plain JavaScript.
import { trainInParallel } from "../examples/data-parallel/main.mjs";
// @ts-expect-error The example is plain JavaScript.
import { loss, network } from "../examples/data-parallel/problem.mjs";

test("two workers that send gradients of a ring train as one with the whole batch", async () => {
  const parallel = await trainInParallel({ steps: 4, workers: 2, batch: 80 });
  const net = network();
  const optimizer = tf.train.adam(0.004);
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    const from = (step * 80) % 320;
    const value = optimizer.minimize(() => loss(net, from, from + 80) as tf.Scalar, true, [
      net.generator.ring,
    ])!;
    losses.push((await value.data())[0]!);
  }
  await expectClose(parallel.losses, losses, { relative: 1e-4 });
  await expectClose(net.generator.ring, parallel.ring, { relative: 1e-3, absolute: 1e-4 });
  expect(losses[3]!).toBeLessThan(losses[0]!);
  expect(parallel.traffic).toMatchObject({ total: 8000, dense: 4 * (784 * 100 + 100 * 100 + 100 * 10) });
});
