import type { Experiment, ExperimentContext, Mode, Row, Run, Summary, Verdict } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import { loadArtifact, pruneRing, saveArtifact } from "../artifact/index.js";
import type { Compressed } from "../compress/index.js";
import { trainArm } from "../sweep/arm.js";
import type { SweepData } from "../sweep/problem.js";
import { accuracyOf, train } from "../sweep/training.js";
import { digitsProblem } from "./digits.js";
import { paper } from "./paper.js";
import { type DigitsParams, protocol } from "./sweep-arms.js";

const BITS = [32, 8, 6, 4, 3] as const;

interface QuantisedParams extends DigitsParams {
  /** Rings that are quantised. */
  sizes: number[];
  /** Shares of the first ring that are set to zero. */
  sparsities: number[];
  /** Epochs of training after pruning; 0 for none. */
  tuning: number;
  /** Smaller rings, trained from the start, that pruned ones are compared with. */
  smaller: number[];
}

interface QuantisedResult {
  data: string;
  rows: { size: number; bits: number; bytes: number; accuracy: number }[];
  pruned: { sparsity: number; kept: number; bytes: number; accuracy: number; tuned: number | null }[];
  smaller: { size: number; accuracy: number }[];
}

async function run(context: ExperimentContext<QuantisedParams>): Promise<QuantisedResult> {
  const { params, seed, signal, onProgress, store } = context;
  const { sizes, sparsities, smaller, tuning } = params;
  const problem = digitsProblem({ ...params, dir: context.data.dir });
  const data = await problem.data(seed);
  const total = sizes.length + sparsities.length + smaller.length;
  let done = 0;
  const trained = (size: number) =>
    trainArm({ kind: "rpg", size }, problem, data.train, seed, {
      signal,
      on: (share) => onProgress({ done: done + share, total, message: `ring of ${size}` }),
      ...(store !== "" && { checkpoint: `${store}/ring-${size}.safetensors` }),
    });
  const result: QuantisedResult = { data: data.name, rows: [], pruned: [], smaller: [] };
  for (const [i, size] of sizes.entries()) {
    const arm = await trained(size);
    try {
      result.rows.push(...(await inFewBits(arm.compressed!, size, data)));
      done++;
      for (const sparsity of i === 0 ? sparsities : []) {
        onProgress({ done: done++, total, message: `${100 * sparsity} % pruned` });
        result.pruned.push(
          await afterPruning(arm.compressed!, sparsity, data, signal, (copy) =>
            tuning === 0
              ? undefined
              : train(copy.model, data.train, { ...params, epochs: tuning }, seed, { signal }),
          ),
        );
      }
    } finally {
      arm.dispose();
    }
  }
  for (const size of smaller) {
    const arm = await trained(size);
    result.smaller.push({ size, accuracy: await accuracyOf(arm.model, data.test) });
    arm.dispose();
    done++;
  }
  onProgress({ done: total, total, message: "done" });
  return result;
}

async function inFewBits(
  ring: Compressed,
  size: number,
  { test }: SweepData,
): Promise<QuantisedResult["rows"]> {
  const rows: QuantisedResult["rows"] = [];
  for (const bits of BITS) {
    const bytes = await saveArtifact(ring, { bits });
    const loaded = await loadArtifact(bytes);
    rows.push({ size, bits, bytes: bytes.length, accuracy: await accuracyOf(loaded.model, test) });
    loaded.dispose();
  }
  return rows;
}

/** Accuracy of a copy whose smallest numbers are zero, and after further training of the others. */
async function afterPruning(
  ring: Compressed,
  sparsity: number,
  { test }: SweepData,
  signal: AbortSignal,
  tune: (copy: Compressed) => Promise<void> | undefined,
): Promise<QuantisedResult["pruned"][number]> {
  signal.throwIfAborted();
  const copy = await loadArtifact(await saveArtifact(ring));
  try {
    const pruning = await pruneRing(copy.generator, { sparsity });
    let accuracy = Number.NaN;
    let tuned: number | null = null;
    try {
      accuracy = await accuracyOf(copy.model, test);
      const tuning = tune(copy);
      if (tuning) {
        await tuning;
        tuned = await accuracyOf(copy.model, test);
      }
    } finally {
      pruning.finish();
    }
    const kept = copy.generator.size - Math.floor(sparsity * copy.generator.size);
    const { length } = await saveArtifact(copy, { bits: 8 });
    return { sparsity, kept, bytes: length, accuracy, tuned };
  } finally {
    copy.dispose();
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rounded = (value: number) => Math.round(100 * value) / 100;

function summarise(runs: readonly Run<QuantisedResult>[]): Summary {
  const { data, rows, pruned, smaller } = runs[0]!.result;
  const accuracies = rows.map((_, i) => mean(runs.map(({ result }) => result.rows[i]!.accuracy)));
  const sizes = [...new Set(rows.map(({ size }) => size))];
  const at = (size: number, bits: number) =>
    accuracies[rows.findIndex((row) => row.size === size && row.bits === bits)]!;
  const drop = (size: number, bits: number) => at(size, 32) - at(size, bits);
  const gates = sizes.flatMap((size) => [
    { name: `8 bits cost at most 0.3 points at ${size}`, passes: drop(size, 8) <= 0.3 },
    {
      name: `4 bits cost at most ${size < 64_000 ? 2 : 1} points at ${size}`,
      passes: drop(size, 4) <= (size < 64_000 ? 2 : 1),
    },
    { name: `the ring of ${size} is trained to 80 %`, passes: at(size, 32) >= 80 },
  ]);
  const numPassed = gates.filter(({ passes }) => passes).length;
  const verdict: Verdict =
    numPassed === gates.length ? "reproduced" : numPassed > gates.length / 2 ? "partly" : "failed";
  const figure: LinePlot = {
    kind: "line",
    title: "Accuracy against the file's size",
    caption: "The network behind each file has 418,200 weights, 1,672,800 bytes in single precision.",
    x: { label: "bytes", scale: "log" },
    y: { label: "test accuracy (%)" },
    series: [
      ...sizes.map((size) => {
        const own = rows.flatMap((row, i) => (row.size === size ? [i] : []));
        return {
          name: `ring of ${size}, 32 to 3 bits`,
          x: own.map((i) => rows[i]!.bytes),
          y: own.map((i) => accuracies[i]!),
        };
      }),
      ...(pruned.length > 1
        ? [
            {
              name: "pruned, 8 bits",
              x: pruned.map(({ bytes }) => bytes),
              y: pruned.map((_, i) => mean(runs.map(({ result: r }) => prunedBest(r.pruned[i]!)))),
              dashed: true,
            },
          ]
        : []),
    ],
  };
  const table: Row[] = [
    ...rows.map((row, i) => ({
      ring: row.size,
      change: `${row.bits} bits`,
      bytes: row.bytes,
      "accuracy %": rounded(accuracies[i]!),
      "after tuning %": null,
    })),
    ...pruned.map((row, i) => ({
      ring: sizes[0]!,
      change: `${100 * row.sparsity} % pruned, 8 bits`,
      bytes: row.bytes,
      "accuracy %": rounded(mean(runs.map(({ result }) => result.pruned[i]!.accuracy))),
      "after tuning %":
        row.tuned === null ? null : rounded(mean(runs.map(({ result }) => result.pruned[i]!.tuned!))),
    })),
    ...smaller.map((row, i) => ({
      ring: row.size,
      change: "trained at this size",
      bytes: null,
      "accuracy %": rounded(mean(runs.map(({ result }) => result.smaller[i]!.accuracy))),
      "after tuning %": null,
    })),
  ];
  const first = sizes[0]!;
  return {
    verdict,
    measured: `ring of ${first}: 8 bits cost ${drop(first, 8).toFixed(2)} points, 4 bits ${drop(first, 4).toFixed(2)}`,
    table,
    figures: [figure],
    notes: [
      `Data: ${data}.`,
      ...gates.map(({ name, passes }) => `${passes ? "passed" : "missed"}: ${name}.`),
      "One zero on the ring is a zero in every layer: compare a pruned ring with one trained at the size that is left.",
    ],
  };
}

const prunedBest = ({ accuracy, tuned }: QuantisedResult["pruned"][number]) => tuned ?? accuracy;

/** Rings in few bits, saved and loaded, and pruned ones. */
export const quantised: Experiment<QuantisedParams, QuantisedResult> = {
  name: "rpg-quantise",
  paper,
  claim:
    "A trained ring survives quantisation, so that a network of 418,200 weights fits in a few kilobytes.",
  estimate: { quick: 20, full: 400 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params: (mode: Mode) => {
    const isQuick = mode === "quick";
    return {
      ...protocol(mode),
      sizes: isQuick ? [4000] : [4000, 64_000],
      sparsities: isQuick ? [0.25, 0.5, 0.75] : [0.25, 0.5, 0.75, 0.9],
      tuning: isQuick ? 0 : 3,
      smaller: isQuick ? [] : [2000, 1000],
    };
  },
  run,
  summarise,
};
