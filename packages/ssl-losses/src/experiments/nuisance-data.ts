import { qrHost } from "@lab/core/linalg";
import type { Generator } from "@lab/core/random";

const SIGNAL = 16;
const NUISANCE = 48;
/** Numbers in a sample. */
export const DIM = SIGNAL + NUISANCE;
/** Classes of the generated data. */
export const NUM_CLASSES = 64;

/** Samples `tanh(Q [signal; nuisance])` of 64 classes, of which the nuisance can be drawn anew for a view. */
export interface NuisanceData {
  count: number;
  labels: Int32Array;
  /** The samples, or views of some of them whose nuisance is partly fresh. */
  views(indices: ArrayLike<number>, freshness: number, generator: Generator): Float32Array;
}

/** Draws the world once; `split` names a set of samples in it. */
export function nuisanceData(generator: Generator): (split: string, count: number) => NuisanceData {
  const q = qrHost(generator.split("mixing").normal64(DIM * DIM), DIM, DIM).q;
  const means = generator.split("classes").normal64(NUM_CLASSES * SIGNAL);
  return (split, count) => {
    const branch = generator.split(split);
    const labels = Int32Array.from({ length: count }, (_, i) => i % NUM_CLASSES);
    const signal = branch.split("signal").normal64(count * SIGNAL);
    for (let at = 0; at < signal.length; at++) {
      const [row, k] = [Math.floor(at / SIGNAL), at % SIGNAL];
      signal[at] = Math.exp(-0.15 * k) * (means[labels[row]! * SIGNAL + k]! + 0.15 * signal[at]!);
    }
    const nuisance = branch.split("nuisance").normal64(count * NUISANCE);
    return {
      count,
      labels,
      views(indices, freshness, source) {
        const fresh = source.normal64(indices.length * NUISANCE);
        const kept = Math.sqrt(1 - freshness ** 2);
        const out = new Float32Array(indices.length * DIM);
        const row = new Float64Array(DIM);
        for (let i = 0; i < indices.length; i++) {
          const from = indices[i]!;
          for (let k = 0; k < SIGNAL; k++) row[k] = signal[from * SIGNAL + k]!;
          for (let k = 0; k < NUISANCE; k++)
            row[SIGNAL + k] = kept * nuisance[from * NUISANCE + k]! + freshness * fresh[i * NUISANCE + k]!;
          for (let a = 0; a < DIM; a++) {
            let sum = 0;
            for (let b = 0; b < DIM; b++) sum += q[a * DIM + b]! * row[b]!;
            out[i * DIM + a] = Math.tanh(sum);
          }
        }
        return out;
      },
    };
  };
}
