import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { checkRank, checkShape } from "../../src/check/index.js";
import { ArgumentError, ShapeError } from "../../src/errors/index.js";

test("what is no tensor is named, whatever was given", () => {
  for (const [given, kind] of [
    [[[1, 2]], "object"],
    [new Float32Array(2), "object"],
    [undefined, "undefined"],
    [3, "number"],
  ] as const) {
    for (const check of [
      () => checkRank("loss", "z", given as never, 2),
      () => checkShape("loss", "z", given as never, [null, 2]),
    ]) {
      expect(check).toThrow(ArgumentError);
      expect(check).toThrow(`loss: z is ${kind}; a tensor was expected`);
    }
  }
});

test("a tensor of another rank or shape is refused with its own", () => {
  const x = tf.zeros([2, 3]);
  checkRank("loss", "z", x, [1, 2]);
  checkShape("loss", "z", x, [null, 3]);
  expect(() => checkRank("loss", "z", x, 3)).toThrow(ShapeError);
  expect(() => checkShape("loss", "z", x, [2, 4])).toThrow("z has shape [2,3]; [2,4] was expected");
});
