import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { tidyAsync } from "../../src/index.js";

test("tensors of the result stay, wherever they are in it; the others go", async () => {
  class Pair {
    readonly first = tf.tensor1d([1]);
    readonly name = "pair";
  }
  const before = tf.memory().numTensors;
  const result = await tidyAsync(async (track) => {
    track(tf.tensor1d([0]));
    const pair = new Pair();
    track(pair.first);
    return { pair, list: [track(tf.tensor1d([2])), null], values: new Float64Array(3), own: 4 };
  });
  expect(tf.memory().numTensors - before).toBe(2);
  tf.dispose([result.pair.first, result.list[0]!]);
});

test("a result that contains itself ends", async () => {
  const kept = await tidyAsync(async (track) => {
    const ring: { self?: unknown; x: tf.Tensor } = { x: track(tf.scalar(1)) };
    ring.self = ring;
    return ring;
  });
  expect(kept.x.isDisposed).toBe(false);
});

test("an error frees what was tracked", async () => {
  const before = tf.memory().numTensors;
  const failing = tidyAsync(async (track) => {
    track(tf.scalar(1));
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(tf.memory().numTensors).toBe(before);
});
