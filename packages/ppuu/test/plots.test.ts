import { renderSvg } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { noAction, policyFromModel, type Scene, vectorCosts } from "../src/index.js";
import { costLandscapePlot, planPlot, spaceTimePlot, uncertaintyPlot } from "../src/pictures.js";
import { smallLog } from "./small-log.js";

const scene = (): Scene => ({
  cars: tf.tensor3d([[[15, 5.55, 8, 4.8, 1.9]]]),
  mask: tf.ones([1, 1]),
  road: { lanes: 3, laneWidth: 3.7, destination: 1 },
});
const ego = () => tf.tensor2d([[0, 5.55, 1, 0, 8]]);
const car = () => tf.tensor2d([[4.8, 1.9]]);

test("speeds over time and road are those of the log", async () => {
  const log = await smallLog();
  const { values, ...plot } = spaceTimePlot(log, { columns: 10, rows: 12 });
  expect([values.length, values[0]!.length]).toEqual([12, 10]);
  expect(Math.min(...values.flat())).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values.flat())).toBeLessThan(20);
  expect(renderSvg({ ...plot, values })).toContain("<svg");
});

test("the cost around the ego is highest where the other car is, and higher off the road", async () => {
  const plot = await costLandscapePlot(
    vectorCosts(),
    { scene: scene(), ego: ego(), car: car() },
    { cells: 25 },
  );
  const at = (along: number, across: number) =>
    plot.values[Math.round((1 - along / 30) * 12)]![Math.round((1 + across / 6) * 12)]!;
  expect(at(15, 0)).toBeGreaterThan(at(-15, 0) + 5);
  expect(at(-15, 6)).toBeGreaterThan(at(-15, 0));
  const part = await costLandscapePlot(
    vectorCosts(),
    { scene: scene(), ego: ego(), car: car() },
    { part: "offroad" },
  );
  expect(part.title).toContain("offroad");
  expect(
    planPlot(
      [
        [
          [1, 0],
          [2, 0],
        ],
      ],
      0.2,
    ).series[0]!.y,
  ).toEqual([1, 2]);
});

test("any model of the layers drives, and one with other outputs is refused", async () => {
  const build = (units: number) => sequential({ layers: [layers.dense({ units, inputShape: [29] })] });
  const action = await policyFromModel(build(2))({ ego: ego(), scene: scene(), car: car() });
  expect(action.shape).toEqual([1, 2]);
  expect(() => policyFromModel(build(3))({ ego: ego(), scene: scene(), car: car() })).toThrow(
    "the model gave [1,3]",
  );
  expect((await noAction()({ ego: ego(), scene: scene(), car: car() })).shape).toEqual([1, 2]);
});

test("disagreement is drawn beside its usual range, which does not go below zero", () => {
  const plot = uncertaintyPlot({ mean: [1, 2], std: [1.5, 0.5] }, [[3, 1]], 0.5);
  expect(plot.series).toEqual([
    { name: "recorded futures", x: [0.5, 1], y: [1, 2], low: [0, 1.5], high: [2.5, 2.5] },
    { name: "future 0", x: [0.5, 1], y: [3, 1] },
  ]);
  expect(renderSvg(plot)).toContain("<svg");
});
