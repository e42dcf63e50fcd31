import type { Experiment, ExperimentContext, Mode, Row, Run, Summary, Verdict } from "@lab/core/experiment";
import type { HeatmapPlot, HistogramPlot, PlotSpec } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import { loadArtifact, saveArtifact } from "../artifact/index.js";
import { attachGenerators, type Compressed } from "../compress/index.js";
import { ParameterGenerator } from "../generator/index.js";
import { PLACE_MASK, ringIndex, SIGN_BIT } from "../ring-index/ring-index.js";
import { trainArm } from "../sweep/arm.js";
import type { SweepData, SweepProblem } from "../sweep/problem.js";
import { accuracyOf, firstRows, train } from "../sweep/training.js";
import { digitsProblem } from "./digits.js";
import { paper } from "./paper.js";
import { type DigitsParams, protocol } from "./sweep-arms.js";

interface LockParams extends DigitsParams {
  /** Numbers in the ring. */
  size: number;
  /** Models under keys of their own, each opened by the key of each. */
  models: number;
  /** Further wrong keys for the first model; permutation and signs alone get a third of them each. */
  wrongKeys: number;
  /** Labelled pictures that a thief without the key has. */
  labelled: number[];
  /** Passes of the thief over them. */
  thiefEpochs: number;
}

/** What a thief's training starts from. */
const STARTS = ["stolen ring", "random ring of the same spread", "fresh ring"] as const;

interface LockResult {
  data: string;
  /** `confusion[model][key]`, accuracies in percent. */
  confusion: number[][];
  /** Accuracies in percent by what is wrong. */
  wrong: { key: number[]; permutation: number[]; signs: number[] };
  thief: { labelled: number; accuracies: number[] }[];
}

/** The network with a ring whose key can be changed. */
interface Locked {
  net: Compressed;
  /** Opens the ring with a packed index. */
  turn(packed: Int32Array): void;
}

async function lockedCopy(compressed: Compressed, problem: SweepProblem): Promise<Locked> {
  const ring = (await compressed.generator.ring.data()) as Float32Array;
  const generator = ParameterGenerator.fromJSON(compressed.generator.toJSON(), ring);
  return {
    net: attachGenerators(problem.model(0), [generator]),
    turn: (packed) => generator.useIndex(packed),
  };
}

const indexUnder = ({ generator }: Compressed, seed: number | bigint) =>
  ringIndex({ size: generator.size, seed }, 0, generator.generated);

const mixed = (places: Int32Array, signs: Int32Array) =>
  places.map((word, i) => (word & PLACE_MASK) | (signs[i]! & SIGN_BIT));

const keyOf = (model: number) => 500 + model;

async function run(context: ExperimentContext<LockParams>): Promise<LockResult> {
  const { params, seed, signal, onProgress, store } = context;
  const { size, models, wrongKeys, labelled } = params;
  const problem = digitsProblem({ ...params, dir: context.data.dir });
  const data = await problem.data(seed);
  const total = models + 1 + labelled.length;
  const result: LockResult = {
    data: data.name,
    confusion: [],
    wrong: { key: [], permutation: [], signs: [] },
    thief: [],
  };
  for (let m = 0; m < models; m++) {
    const arm = await trainArm({ kind: "rpg", size, key: keyOf(m) }, problem, data.train, seed, {
      signal,
      on: (share) => onProgress({ done: m + share, total, message: `model ${m}` }),
      ...(store !== "" && { checkpoint: `${store}/model-${m}.safetensors` }),
    });
    try {
      const file = await saveArtifact(arm.compressed!, { key: "withhold" });
      const row: number[] = [];
      for (let k = 0; k < models; k++) row.push(await opened(file, keyOf(k), data));
      result.confusion.push(row);
      if (m > 0) continue;
      await tryWrongKeys(arm.compressed!, wrongKeys, problem, data, result.wrong, signal);
      onProgress({ done: 1, total, message: "wrong keys" });
      for (const count of labelled) {
        result.thief.push(await steal(arm.compressed!, count, problem, data, params, seed, signal));
      }
    } finally {
      arm.dispose();
    }
  }
  onProgress({ done: total, total, message: "done" });
  return result;
}

async function opened(file: Uint8Array, key: number, { test }: SweepData): Promise<number> {
  const loaded = await loadArtifact(file, { key });
  const accuracy = await accuracyOf(loaded.model, test);
  loaded.dispose();
  return accuracy;
}

async function tryWrongKeys(
  compressed: Compressed,
  count: number,
  problem: SweepProblem,
  { test }: SweepData,
  wrong: LockResult["wrong"],
  signal: AbortSignal,
): Promise<void> {
  const right = indexUnder(compressed, keyOf(0));
  const { net, turn } = await lockedCopy(compressed, problem);
  const attempt = (packed: Int32Array) => {
    signal.throwIfAborted();
    turn(packed);
    return accuracyOf(net.model, test);
  };
  try {
    for (let i = 0; i < count; i++) wrong.key.push(await attempt(indexUnder(compressed, 777_000 + i)));
    for (let i = 0; i < Math.ceil(count / 3); i++) {
      const other = indexUnder(compressed, 888_000 + i);
      wrong.permutation.push(await attempt(mixed(other, right)));
      wrong.signs.push(await attempt(mixed(right, other)));
    }
  } finally {
    net.dispose();
  }
}

/** Trains under a wrong key on few pictures, from the stolen ring and from rings that know nothing. */
async function steal(
  compressed: Compressed,
  labelled: number,
  problem: SweepProblem,
  data: SweepData,
  params: LockParams,
  seed: number,
  signal: AbortSignal,
): Promise<LockResult["thief"][number]> {
  const { generator } = compressed;
  const ring = (await generator.ring.data()) as Float32Array;
  const spread = Math.sqrt(ring.reduce((sum, value) => sum + value * value, 0) / ring.length);
  const drawn = (std: number, name: string) =>
    Float32Array.from(new Generator(seed).split(name).normal64(ring.length), (value) => std * value);
  const starts = [ring, drawn(spread, "random ring"), drawn(generator.toJSON().ringStd, "fresh ring")];
  const rows = firstRows(data.train, labelled);
  const settings = { epochs: params.thiefEpochs, batch: 50, learningRate: 1e-3 };
  const accuracies: number[] = [];
  const { net, turn } = await lockedCopy(compressed, problem);
  turn(indexUnder(compressed, 777_000));
  try {
    for (const start of starts) {
      net.generator.setRing(start);
      await train(net.model, rows, settings, seed, { signal });
      accuracies.push(await accuracyOf(net.model, data.test));
    }
  } finally {
    net.dispose();
  }
  return { labelled, accuracies };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rounded = (value: number) => Math.round(100 * value) / 100;

function summarise(runs: readonly Run<LockResult>[]): Summary {
  const { data, confusion, thief } = runs[0]!.result;
  const all = (kind: keyof LockResult["wrong"]) => runs.flatMap(({ result }) => result.wrong[kind]);
  const average = confusion.map((row, m) =>
    row.map((_, k) => mean(runs.map(({ result }) => result.confusion[m]![k]!))),
  );
  const right = runs.flatMap(({ result }) => result.confusion.map((row, m) => row[m]!));
  const others = runs.flatMap(({ result }) =>
    result.confusion.flatMap((row, m) => row.filter((_, k) => k !== m)),
  );
  const worst = Math.max(...all("key"), ...all("permutation"), ...all("signs"), ...others);
  const starts = thief.map((_, t) =>
    STARTS.map((_, s) => mean(runs.map(({ result }) => result.thief[t]!.accuracies[s]!))),
  );
  const gates = [
    { name: "every wrong key is at most 20 %", passes: worst <= 20 },
    { name: "every right key is at least 90 %", passes: Math.min(...right) >= 90 },
    {
      name: "a stolen ring is worth at most 5 points over a fresh one",
      passes: starts.every(([stolen, , fresh]) => stolen! <= fresh! + 5),
    },
  ];
  const numPassed = gates.filter(({ passes }) => passes).length;
  const verdict: Verdict = numPassed === gates.length ? "reproduced" : numPassed > 0 ? "partly" : "failed";
  const table: Row[] = [
    ["right key", right] as const,
    ["another model's key", others] as const,
    ["wrong key", all("key")] as const,
    ["wrong permutation, right signs", all("permutation")] as const,
    ["right permutation, wrong signs", all("signs")] as const,
  ]
    .filter(([, values]) => values.length > 0)
    .map(([what, values]) => ({
      what,
      trials: values.length,
      "mean %": rounded(mean(values)),
      "highest %": rounded(Math.max(...values)),
    }));
  for (const [t, { labelled }] of thief.entries()) {
    for (const [s, start] of STARTS.entries()) {
      const values = runs.map(({ result }) => result.thief[t]!.accuracies[s]!);
      table.push({
        what: `thief with ${labelled} labelled pictures, ${start}`,
        trials: values.length,
        "mean %": rounded(mean(values)),
        "highest %": rounded(Math.max(...values)),
      });
    }
  }
  return {
    verdict,
    measured: `right key ${mean(right).toFixed(1)} %, wrong keys at most ${worst.toFixed(1)} %`,
    table,
    figures: figuresOf(average, right, all("key")),
    notes: [
      `Data: ${data}; chance is 10 %.`,
      ...gates.map(({ name, passes }) => `${passes ? "passed" : "missed"}: ${name}.`),
      "A key-dependent model is no encryption: the ring's statistics are visible and a short passphrase can be searched.",
    ],
  };
}

function figuresOf(confusion: number[][], right: number[], wrong: number[]): PlotSpec[] {
  const names = confusion.map((_, i) => String.fromCharCode(65 + i));
  const heat: HeatmapPlot = {
    kind: "heatmap",
    title: "Models opened with each other's keys",
    rows: names.map((name) => `model ${name}`),
    columns: names.map((name) => `key ${name}`),
    values: confusion,
    valueLabel: "test accuracy (%)",
  };
  const histogram: HistogramPlot = {
    kind: "histogram",
    title: "Accuracy under wrong keys",
    x: { label: "test accuracy (%)", domain: [0, 100] },
    series: [
      { name: "wrong key", values: wrong },
      { name: "right key", values: right },
    ],
    bins: 50,
  };
  return [heat, histogram];
}

/** A ring without its key is worth nothing, also as a start. */
export const lock: Experiment<LockParams, LockResult> = {
  name: "rpg-lock",
  paper,
  claim: "A wrong permutation or wrong signs destroy the model.",
  estimate: { quick: 30, full: 200 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params: (mode: Mode) => {
    const isQuick = mode === "quick";
    return {
      ...protocol(mode),
      size: 4000,
      models: isQuick ? 2 : 3,
      wrongKeys: isQuick ? 6 : 30,
      labelled: isQuick ? [200] : [200, 1000],
      thiefEpochs: 20,
    };
  },
  run,
  summarise,
};
