import { RandomStream } from "./random-stream.js";
import { countOf, pairing, type RunTable, type SettingRuns } from "./read-runs.js";

/** Bits of a pattern of runs: sums over runs are looked up for so many runs at once. */
const BITS = 10;
/** Classes that share one pass over the draws; bounds the memory that draws take. */
const BLOCK = 64;

/** Intervals of one setting. */
export interface Intervals {
  /** Of each class's accuracy; `NaN` for a class without images. */
  accuracy: [number, number][];
  /** Of each class's difference to the reference. */
  delta: [number, number][];
  /** Of the accuracy over all images. */
  average: [number, number];
  /** Of its difference to the reference. */
  averageDelta: [number, number];
}

/** How often each run is drawn, draw by draw; settings with the reference's seeds are drawn with it. */
function drawRuns(
  settings: readonly SettingRuns[],
  reference: SettingRuns,
  draws: number,
  stream: RandomStream,
) {
  const weights = new Map<SettingRuns, Uint16Array>();
  const draw = (own: SettingRuns) => {
    const runs = own.seeds.length;
    const out = new Uint16Array(draws * runs);
    for (let d = 0; d < draws; d++) for (let r = 0; r < runs; r++) out[d * runs + stream.below(runs)]!++;
    return out;
  };
  const base = draw(reference);
  weights.set(reference, base);
  for (const own of settings) {
    if (own === reference) continue;
    const order = pairing(own, reference);
    if (!order) {
      weights.set(own, draw(own));
      continue;
    }
    const runs = order.length;
    weights.set(
      own,
      base.map((_, i) => base[i - (i % runs) + order[i % runs]!]!),
    );
  }
  return weights;
}

/** For each image, which runs are right, as numbers of at most `BITS` bits. */
function packRuns(own: SettingRuns, numImages: number): Uint16Array[] {
  const groups: Uint16Array[] = [];
  for (let first = 0; first < own.correct.length; first += BITS) {
    const pattern = new Uint16Array(numImages);
    own.correct.slice(first, first + BITS).forEach((bits, k) => {
      for (let i = 0; i < numImages; i++) pattern[i]! |= bits[i]! << k;
    });
    groups.push(pattern);
  }
  return groups;
}

/** `out[pattern]`: how often the drawn runs of a group are right. */
function fillSums(out: Uint16Array, weights: Uint16Array, from: number, count: number): void {
  out[0] = 0;
  for (let k = 0; k < count; k++) {
    const weight = weights[from + k]!;
    const half = 1 << k;
    for (let p = 0; p < half; p++) out[half + p] = out[p]! + weight;
  }
}

/** Percentile ends; sorts in place. */
function ends(values: Float64Array, confidence: number): [number, number] {
  values.sort();
  const at = (p: number) => {
    const place = p * (values.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, values.length - 1);
    return values[below]! + (place - below) * (values[above]! - values[below]!);
  };
  return [at((1 - confidence) / 2), at((1 + confidence) / 2)];
}

/**
 * Hierarchical percentile intervals: runs are drawn within a setting and images within a class, the same images, and
 * where seeds agree the same runs, for both settings of a difference.
 */
export function bootstrapIntervals(
  table: RunTable,
  reference: SettingRuns,
  options: { draws: number; confidence: number; seed: number },
): Map<SettingRuns, Intervals> {
  const { draws, confidence } = options;
  const stream = new RandomStream(options.seed);
  const { settings, numClasses, numImages } = table;
  const weights = drawRuns(settings, reference, draws, stream);
  const packed = settings.map((own) => packRuns(own, numImages));
  const sums = packed.map((groups) => groups.map(() => new Uint16Array(1 << BITS)));
  const base = settings.indexOf(reference);
  const none = (): [number, number] => [Number.NaN, Number.NaN];
  const out = settings.map(
    (): Intervals => ({
      accuracy: Array.from({ length: numClasses }, none),
      delta: Array.from({ length: numClasses }, none),
      average: none(),
      averageDelta: none(),
    }),
  );
  const totals = settings.map(() => new Float64Array(draws));
  let drawn = new Int32Array(0);

  for (let first = 0; first < numClasses; first += BLOCK) {
    const last = Math.min(numClasses, first + BLOCK);
    const values = settings.map(() => Array.from({ length: last - first }, () => new Float64Array(draws)));
    for (let d = 0; d < draws; d++) {
      settings.forEach((own, s) => {
        const runs = own.seeds.length;
        sums[s]!.forEach((lookup, g) => {
          fillSums(lookup, weights.get(own)!, d * runs + g * BITS, Math.min(BITS, runs - g * BITS));
        });
      });
      for (let c = first; c < last; c++) {
        const count = countOf(table, c);
        if (count === 0) continue;
        if (drawn.length < count) drawn = new Int32Array(count);
        const start = table.start[c]!;
        for (let i = 0; i < count; i++) drawn[i] = start + stream.below(count);
        for (let s = 0; s < settings.length; s++) {
          let sum = 0;
          for (let g = 0; g < packed[s]!.length; g++) {
            const pattern = packed[s]![g]!;
            const lookup = sums[s]![g]!;
            for (let i = 0; i < count; i++) sum += lookup[pattern[drawn[i]!]!]!;
          }
          const right = sum / settings[s]!.seeds.length;
          values[s]![c - first]![d] = right / count;
          totals[s]![d]! += right / numImages;
        }
      }
    }
    for (let c = first; c < last; c++) {
      if (countOf(table, c) === 0) continue;
      const baseValues = values[base]![c - first]!.slice();
      settings.forEach((_, s) => {
        const own = values[s]![c - first]!;
        out[s]!.delta[c] = ends(
          own.map((v, d) => v - baseValues[d]!),
          confidence,
        );
        out[s]!.accuracy[c] = ends(own, confidence);
      });
    }
  }
  const baseTotals = totals[base]!.slice();
  settings.forEach((_, s) => {
    out[s]!.averageDelta = ends(
      totals[s]!.map((v, d) => v - baseTotals[d]!),
      confidence,
    );
    out[s]!.average = ends(totals[s]!, confidence);
  });
  return new Map(settings.map((own, s) => [own, out[s]!]));
}
