import { glyphs } from "@lab/core/data";
import { renderSvg } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  compose,
  horizontalFlip,
  labelFlowPlots,
  labelPreservation,
  translate,
  uniform,
} from "../src/index.js";

const flat = (width: number) => (x: tf.Tensor4D) => tf.reshape(x, [x.shape[0], width]) as tf.Tensor2D;

test("flips swap opposite classes", async () => {
  const images = tf.tensor4d(
    new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
    [4, 1, 4, 1],
  );
  const before = tf.memory().numTensors;
  const result = await labelPreservation(flat(4), images, horizontalFlip({ probability: 0.3 }));
  expect(tf.memory().numTensors).toBe(before);
  const expected = [0.7, 0, 0, 0.3, 0, 0.7, 0.3, 0, 0, 0.3, 0.7, 0, 0.3, 0, 0, 0.7];
  result.flow.forEach((v, i) => {
    expect(v).toBeCloseTo(expected[i]!, 12);
  });
  for (const c of [0, 1, 2, 3]) {
    expect(result.preserved[c]).toBeCloseTo(0.7, 12);
    expect(result.incoming[c]).toBeCloseTo(0.3, 12);
    expect(result.index[c]).toBeCloseTo(0.4, 12);
  }
});

test("a shift takes a spot to its neighbour as far as the law says", async () => {
  // The spot at column 2 of 5 goes to column 3 where the shift is above 1/2: a quarter of U[0, 2/3].
  const images = tf.tensor4d([0, 0, 1, 0, 0], [1, 1, 5, 1]);
  const t = translate({ x: uniform(0, 2 / 3) });
  const { flow } = await labelPreservation(flat(5), images, t, { method: "quadrature", nodes: 120 });
  expect(flow[2 * 5 + 2]).toBeCloseTo(0.75, 2);
  expect(flow[2 * 5 + 3]).toBeCloseTo(0.25, 2);
  expect(flow[0]).toBeNaN();
});

test("labels and predictions as the class; rows sum to 1", async () => {
  const set = glyphs({ count: 40, seed: 1, size: 8 });
  const model = (x: tf.Tensor4D) =>
    tf.slice(tf.reshape(x, [x.shape[0], 64]), [0, 20], [-1, 10]) as tf.Tensor2D;
  const t = compose([horizontalFlip()]);
  for (const reference of ["label", "prediction"] as const) {
    const { flow } = await labelPreservation(model, set, t, { reference });
    for (let c = 0; c < 10; c++) {
      const sum = flow.slice(10 * c, 10 * c + 10).reduce((a, b) => a + b, 0);
      if (reference === "label" || !Number.isNaN(sum)) expect(sum).toBeCloseTo(1, 9);
    }
  }
});

test("errors and abort", async () => {
  const images = tf.tensor4d([0, 0, 1], [1, 1, 3, 1]);
  const t = horizontalFlip();
  await expect(labelPreservation(flat(3), images, t, { reference: "label" })).rejects.toThrow(
    "labelPreservation: reference is 'label' and data is a batch without labels; a data set was expected",
  );
  const two = (x: tf.Tensor4D) => tf.slice(tf.reshape(x, [x.shape[0], 64]), [0, 0], [-1, 2]) as tf.Tensor2D;
  const set = glyphs({ count: 10, seed: 1, size: 8 });
  await expect(labelPreservation(two, set, t, { reference: "label" })).rejects.toThrow("the model 2 outputs");
  const signal = AbortSignal.abort(new Error("enough"));
  const before = tf.memory().numTensors;
  await expect(labelPreservation(flat(3), images, t, { signal })).rejects.toThrow("enough");
  expect(tf.memory().numTensors).toBe(before);
});

test("figures leave out classes without images", async () => {
  const images = tf.tensor4d([1, 0, 0, 0, 0, 1], [2, 1, 3, 1]);
  const result = await labelPreservation(flat(3), images, horizontalFlip({ probability: 0.25 }));
  const [flow, drops] = labelFlowPlots(result, { classNames: ["a", "b", "c"], observed: [-0.1, 0, 0.2] });
  expect(flow).toMatchObject({
    kind: "heatmap",
    rows: ["a", "c"],
    columns: ["a", "b", "c"],
    values: [
      [75, 0, 25],
      [25, 0, 75],
    ],
  });
  expect(drops).toMatchObject({
    kind: "scatter",
    series: [{ name: "a", x: [0.5], y: [-10] }, { name: "c" }],
  });
  for (const plot of [flow!, drops!]) expect(renderSvg(plot)).toContain("<svg");
  expect(labelFlowPlots(result)).toHaveLength(1);
  expect(() => labelFlowPlots(result, { classNames: ["a"] })).toThrow(
    "labelFlowPlots: classNames has 1 entries; 3, one for each class, were expected",
  );
});
