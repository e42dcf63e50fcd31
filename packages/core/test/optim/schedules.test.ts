import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { schedules } from "../../src/optim/index.js";
import { expectClose } from "../../src/testing/index.js";

// PyTorch's schedulers; made by test/reference/optim.py.
const reference = (
  JSON.parse(readFileSync(new URL("../reference/optim.json", import.meta.url), "utf8")) as {
    schedules: Record<string, number[]>;
  }
).schedules;

const { chain, constant, cosine, cyclical, step, warmup } = schedules;

test.each([
  ["cosine", cosine({ base: 0.5, steps: 19, final: 0.1 })],
  ["step", step({ base: 0.5, at: 6, factor: 0.3 })],
  ["multiStep", step({ base: 0.5, at: [3, 11], factor: 0.3 })],
  ["restarts", cyclical({ base: 0.5, period: 7, final: 0.1 })],
  ["triangular", cyclical({ base: 0.5, period: 8, final: 0.1, shape: "triangular" })],
  ["warmup", warmup({ steps: 5, from: 0.25, after: cosine({ base: 0.5, steps: 10 }) })],
])("%s follows PyTorch's schedule", async (name, schedule) => {
  await expectClose(
    reference[name]!.map((_, t) => schedule(t)),
    reference[name]!,
    { absolute: 1e-12, relative: 0 },
  );
});

test("a chain hands over at its links and stays with the last", () => {
  const schedule = chain([
    { schedule: constant(3), steps: 2 },
    { schedule: step({ base: 1, at: [1], factor: 0.5 }), steps: 1 },
  ]);
  expect([0, 1, 2, 3, 100].map(schedule)).toEqual([3, 3, 1, 0.5, 0.5]);
});

test("options out of range are refused with their value", () => {
  expect(() => constant(-1)).toThrow("constant: value is -1; a finite number >= 0 was expected");
  expect(() => cosine({ base: 1, steps: 0 })).toThrow("cosine: steps is 0; an integer >= 1 was expected");
  expect(() => step({ base: 1, at: [1.5] })).toThrow("step: at[0] is 1.5; an integer >= 0 was expected");
  expect(() => warmup({ steps: 1, from: 2, after: constant(1) })).toThrow(/from is 2/);
  expect(() => warmup({ steps: 1, after: 5 as never })).toThrow(
    "warmup: after is 5; a schedule was expected",
  );
  expect(() => cyclical({ base: 1, period: 4, shape: "square" as never })).toThrow(/shape is "square"/);
  expect(() => chain([])).toThrow(/links is empty/);
});
