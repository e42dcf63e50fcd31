import type { Run } from "@lab/core/experiment";
import { expect, test } from "vitest";
import { runExperiment } from "./run-experiment.js";

interface Row {
  method: string;
  mode: string;
  success: number;
}
const at = (rows: readonly Row[], method: string, mode = "replay") =>
  rows.find((row) => row.method === method && row.mode === mode)!.success;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const answers: { separated: number; unperturbed: number }[] = [];
const all: Run<unknown>[] = [];

test.each([0, 1, 2])(
  "seed %i: imagining beats constant speed, cloning, and training without perturbation",
  async (seed) => {
    const { experiment, runs } = await runExperiment("ppuu/ring", "full", [seed]);
    const { rows, gains: answer } = runs[0]!.result as { rows: Row[]; gains: (typeof answers)[number] };
    answers[seed] = answer;
    const separated = at(rows, "separated, replay world");
    expect(separated).toBeGreaterThanOrEqual(0.6);
    expect(separated - at(rows, "no action")).toBeGreaterThanOrEqual(0.45);
    expect(separated - at(rows, "behavioural cloning")).toBeGreaterThanOrEqual(0.5);
    expect(separated - at(rows, "separated, no start perturbation")).toBeGreaterThanOrEqual(0.25);
    const reactive = at(rows, "separated, replay world", "reactive");
    expect(reactive).toBeGreaterThanOrEqual(0.9);
    expect(reactive - at(rows, "no action", "reactive")).toBeGreaterThanOrEqual(0.15);
    all.push(...runs);
    if (all.length === 3) expect(experiment.summarise(all, "full").verdict).toBe("reproduced");
  },
);

test.each([0, 1, 2])(
  "seed %i: without start perturbation hardly any answer to an offset is learned",
  (seed) => {
    const { separated, unperturbed } = answers[seed]!;
    expect(separated).toBeGreaterThan(5e-3);
    expect(Math.abs(unperturbed)).toBeLessThan(0.2 * separated);
  },
);

test("planning with kinematics needs no training and is no worse than through joint models", async () => {
  const { runs } = await runExperiment("ppuu/mpc", "full", [0, 1, 2]);
  const rows = runs.map(({ result }) => (result as { rows: Row[] }).rows);
  const separated = mean(rows.map((of) => at(of, "MPC, kinematics + constant velocity")));
  expect(separated).toBeGreaterThanOrEqual(0.62);
  expect(separated).toBeGreaterThanOrEqual(
    mean(rows.map((of) => at(of, "MPC through a joint model"))) - 0.02,
  );
});

test.each([0, 1, 2])("seed %i: a joint model is wrong for actions that nobody took", async (seed) => {
  const { runs } = await runExperiment("ppuu/counterfactual", "full", [seed]);
  const { errors } = runs[0]!.result as { errors: { turn: number; lateral: number }[] };
  const lateral = (turn: number) => errors.find((error) => error.turn === turn)!.lateral;
  expect(lateral(0.01)).toBeGreaterThanOrEqual(0.5);
  expect(lateral(0.01)).toBeGreaterThanOrEqual(3 * lateral(0));
});
