import { checkInteger } from "@lab/core";
import { RandomStream } from "./random-stream.js";
import { countOf, type RunTable, readRuns } from "./read-runs.js";
import type { AuditInput, ClassRegret } from "./types.js";

/** Options of {@link classRegret}. */
export interface ClassRegretOptions {
  /** Random halvings of the runs that are averaged. @defaultValue 50 */
  splits?: number;
  /** Seed of the halvings. @defaultValue 0 */
  seed?: number;
}

const argmax = (values: ArrayLike<number>): number => {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
};

/** Mean accuracies of some runs of each setting: over all images, and of each class. */
function means(table: RunTable, runsOf: (setting: number) => readonly number[]) {
  const average = new Float64Array(table.settings.length);
  const classes = Array.from({ length: table.numClasses }, () => new Float64Array(table.settings.length));
  table.settings.forEach((own, s) => {
    const runs = runsOf(s);
    for (let c = 0; c < table.numClasses; c++) {
      const count = countOf(table, c);
      if (count === 0) continue;
      let sum = 0;
      for (const r of runs) sum += own.accuracy[r]![c]!;
      classes[c]![s] = sum / runs.length;
      average[s]! += (classes[c]![s]! * count) / table.numImages;
    }
  });
  return { average, classes };
}

/** Regret of checked runs; see {@link classRegret}. */
export function regretOf(table: RunTable, splits: number, seed: number): ClassRegret {
  const all = means(table, (s) => table.settings[s]!.seeds.map((_, r) => r));
  const chosen = argmax(all.average);
  const canSplit = splits > 0 && table.settings.every(({ seeds }) => seeds.length > 1);
  const sums = new Float64Array(table.numClasses);
  const stream = new RandomStream(seed);
  // Settings with the first one's seeds are halved alike, so that a seed never is on both sides.
  const first = table.settings[0]!;
  const isShared = table.settings.map(
    ({ seeds }) => seeds.length === first.seeds.length && seeds.every((s) => first.seeds.includes(s)),
  );
  for (let split = 0; canSplit && split < splits; split++) {
    const common = stream.permutation(first.seeds.length);
    const orders = table.settings.map(({ seeds }, s) =>
      isShared[s] ? common.map((r) => seeds.indexOf(first.seeds[r]!)) : stream.permutation(seeds.length),
    );
    const half = (order: readonly number[]) => Math.floor(order.length / 2);
    const left = means(table, (s) => orders[s]!.slice(0, half(orders[s]!)));
    const right = means(table, (s) => orders[s]!.slice(half(orders[s]!)));
    for (const [choose, measure] of [
      [left, right],
      [right, left],
    ] as const) {
      const overall = argmax(choose.average);
      for (let c = 0; c < table.numClasses; c++) {
        const values = measure.classes[c]!;
        sums[c]! += (values[argmax(choose.classes[c]!)]! - values[overall]!) / (2 * splits);
      }
    }
  }
  const classes = table.names.flatMap((name, c) => {
    if (countOf(table, c) === 0) return [];
    const values = all.classes[c]!;
    const best = argmax(values);
    return [
      {
        class: c,
        name,
        best: table.settings[best]!.setting,
        regret: canSplit ? sums[c]! : Number.NaN,
        naive: values[best]! - values[chosen]!,
      },
    ];
  });
  const size = (r: { regret: number; naive: number }) => (canSplit ? r.regret : r.naive);
  classes.sort((a, b) => size(b) - size(a) || a.class - b.class);
  return { chosen: table.settings[chosen]!.setting, classes, splits: canSplit ? splits : 0 };
}

/**
 * What each class gives up when the setting is chosen by the average accuracy.
 *
 * With s* the setting of the best average, the regret of class c is $\max_s \bar a_{sc} - \bar a_{s^*c}$. The best of
 * noisy means is biased, so s* and each class's best setting are chosen on one half of the runs and measured on the
 * other, both ways, and the result is averaged over random halvings; it can be negative by chance.
 *
 * @param input - Labels and runs.
 * @param options - See {@link ClassRegretOptions}.
 * @returns Regrets, largest first, with the biased value of all runs beside each.
 * @throws {@link ArgumentError} when the input is not consistent.
 * @see Balestriero, Bottou, LeCun (2022), The effects of regularization and data augmentation are class dependent.
 */
export function classRegret(input: AuditInput, options: ClassRegretOptions = {}): ClassRegret {
  const splits = checkInteger("classRegret", "splits", options.splits ?? 50, { min: 1, max: 10_000 });
  const seed = checkInteger("classRegret", "seed", options.seed ?? 0, { min: 0 });
  return regretOf(readRuns("classRegret", input), splits, seed);
}
