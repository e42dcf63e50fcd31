import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderSvg } from "@lab/core/plot";
import { describe, expect, test } from "vitest";
import { experiments } from "../src/experiments/index.js";
import { ringVerdict } from "../src/experiments/ring.js";
import { stressVerdict } from "../src/experiments/stress.js";
import { runExperiment } from "./run-experiment.js";

const tiny = { trainScenes: 2, trainSeconds: 12, testScenes: 2, testSeconds: 14, episodes: 6, steps: 3 };

describe("experiments", () => {
  test("exactly one is the main one, and names are unique", () => {
    expect(experiments.filter(({ isMain }) => isMain !== false).map(({ name }) => name)).toEqual([
      "ppuu/ring",
    ]);
    expect(new Set(experiments.map(({ name }) => name)).size).toBe(experiments.length);
  });

  test.each([
    ["ppuu/ring", { ...tiny, cloneSteps: 3, reactiveEpisodes: 3, withUnperturbed: true }],
    ["ppuu/mpc", { ...tiny, episodes: 2, jointUpdates: 2, testSeconds: 2 }],
    ["ppuu/counterfactual", { ...tiny, updates: 2, futures: 8 }],
    ["ppuu/stress", { ...tiny, episodes: 3 }],
    ["ppuu/i80", { seconds: 40, steps: 2, episodes: 4 }],
  ])("%s runs, judges itself, and draws its figures", async (name, change) => {
    const { experiment, runs } = await runExperiment(name, "quick", [0], change);
    const { table, figures, verdict, notes } = experiment.summarise(runs, "quick");
    expect(table.length).toBeGreaterThan(1);
    expect(["reproduced", "partly", "not at this scale", "failed"]).toContain(verdict);
    expect(notes.join(" ")).toContain("Data");
    for (const figure of figures) expect(renderSvg(figure)).toContain("<svg");
  });
});

test("ppuu/ring, stopped while it trains, ends with the result of an undisturbed run", async () => {
  const store = await mkdtemp(join(tmpdir(), "lab-ppuu-ring-"));
  const change = { ...tiny, steps: 6, cloneSteps: 2, reactiveEpisodes: 2, withUnperturbed: false };
  try {
    const stop = new AbortController();
    const stopped = runExperiment("ppuu/ring", "quick", [0], change, {
      store,
      signal: stop.signal,
      onProgress: ({ done, message }) =>
        message?.startsWith("training") && done === 4 && stop.abort(new Error("Ctrl-C")),
    });
    await expect(stopped).rejects.toThrow("Ctrl-C");
    const [resumed, whole] = [
      await runExperiment("ppuu/ring", "quick", [0], change, { store }),
      await runExperiment("ppuu/ring", "quick", [0], change),
    ].map(({ runs }) =>
      JSON.parse(JSON.stringify(runs[0]!.result, (key, value) => (key === "seconds" ? 0 : value))),
    );
    expect(resumed).toEqual(whole);
    expect(whole.curve).toHaveLength(6);
  } finally {
    await rm(store, { recursive: true, force: true });
  }
});

describe("the verdict of ppuu/ring", () => {
  const rows = (separated: number, none: number, clone: number, reactive = 0.95) =>
    [
      ["separated, replay world", "replay", separated],
      ["no action", "replay", none],
      ["behavioural cloning", "replay", clone],
      ["separated, replay world", "reactive", reactive],
      ["no action", "reactive", 0.5],
    ].map(([method, mode, success]) => ({
      method: method as string,
      mode: mode as "replay",
      success: success as number,
      low: 0,
      high: 1,
      ahead: 0,
      behind: 0,
      offroad: 0,
      episodes: 1,
      seconds: 0,
    }));

  test("follows the margins of every seed", () => {
    expect(ringVerdict([rows(0.7, 0.1, 0), rows(0.65, 0.15, 0.1)], "full")).toBe("reproduced");
    expect(ringVerdict([rows(0.7, 0.1, 0), rows(0.55, 0.1, 0)], "full")).toBe("partly");
    expect(ringVerdict([rows(0.55, 0.1, 0)], "quick")).toBe("reproduced");
    expect(ringVerdict([rows(0.3, 0.25, 0)], "quick")).toBe("failed");
    expect(ringVerdict([rows(0.7, 0.1, 0, 0.3)], "full")).toBe("failed");
  });
});

test("the verdict of ppuu/stress asks for calm driving and for little loss by starts beside the record", () => {
  expect(stressVerdict(0.95, [{ loss: 0.014, least: -0.02 }])).toBe("reproduced");
  expect(
    stressVerdict(0.95, [
      { loss: 0.014, least: -0.02 },
      { loss: 0.03, least: -0.01 },
    ]),
  ).toBe("partly");
  expect(stressVerdict(0.95, [{ loss: 0.07, least: 0.03 }])).toBe("failed");
  expect(stressVerdict(0.85, [{ loss: 0, least: -0.02 }])).toBe("failed");
});
