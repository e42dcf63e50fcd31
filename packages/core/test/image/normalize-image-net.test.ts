import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { ArgumentError } from "../../src/errors/index.js";
import { normalizeImageNet } from "../../src/image/index.js";
import { expectClose } from "../../src/testing/index.js";

test("ImageNet's mean becomes 0 and a deviation above it 1, channel by channel", async () => {
  const images = tf.tensor4d(
    [0.485, 0.456, 0.406, 0.485 + 0.229, 0.456 + 0.224, 0.406 + 0.225],
    [1, 1, 2, 3],
  );
  const before = tf.memory().numTensors;
  const normal = normalizeImageNet(images);
  expect(tf.memory().numTensors).toBe(before + 1);
  await expectClose(normal, [0, 0, 0, 1, 1, 1], { relative: 0, absolute: 1e-6 });
});

test("other than three channels are refused", () => {
  expect(() => normalizeImageNet(tf.zeros([1, 2, 2, 1]))).toThrow(ArgumentError);
});
