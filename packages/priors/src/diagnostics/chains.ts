import { ArgumentError, checkInteger } from "@lab/core";

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

function centredValues(values: ArrayLike<number>): Float64Array {
  const m = mean(values);
  return Float64Array.from(values, (value) => value - m);
}

/** Autocovariance at a lag, divided by the length. */
function autocovariance(centred: Float64Array, lag: number): number {
  let sum = 0;
  for (let i = lag; i < centred.length; i++) sum += centred[i]! * centred[i - lag]!;
  return sum / centred.length;
}

function checkChain(caller: string, argument: string, chain: ArrayLike<number>, least: number): void {
  if (chain.length >= least) return;
  throw new ArgumentError(
    `${caller}: ${argument} holds ${chain.length} draws; at least ${least} were expected`,
    {
      argument,
      value: chain.length,
    },
  );
}

/**
 * Number of independent draws that a chain is worth, $n / (1 + 2\sum_t \rho_t)$.
 *
 * The sum ends where pairs of neighbouring autocorrelations stop being positive, and pairs are not allowed to grow.
 *
 * @param chain - Draws of one quantity, in order, at least 4.
 * @returns Between 1 and a little above the number of draws.
 * @throws {@link ArgumentError} when there are fewer than 4 draws.
 * @see Geyer (1992), Practical Markov chain Monte Carlo, section 3.3.
 * @example
 * ```ts
 * import { Generator } from "@lab/core/random";
 * import { effectiveSampleSize } from "@lab/priors";
 *
 * const independent = new Generator(1).normal64(1000);
 * effectiveSampleSize(independent) > 700; // => true
 * ```
 */
export function effectiveSampleSize(chain: ArrayLike<number>): number {
  checkChain("effectiveSampleSize", "chain", chain, 4);
  const centred = centredValues(chain);
  const variance = autocovariance(centred, 0);
  const n = chain.length;
  if (variance === 0) return 1; // one value, over and over
  let time = -1;
  let previous = Number.POSITIVE_INFINITY;
  for (let lag = 0; lag + 1 < n; lag += 2) {
    const pair = (autocovariance(centred, lag) + autocovariance(centred, lag + 1)) / variance;
    if (pair <= 0) break;
    previous = Math.min(previous, pair);
    time += 2 * previous;
  }
  return Math.max(1, n / Math.max(time, 1 / Math.log10(Math.max(n, 10))));
}

/**
 * Potential scale reduction of several chains, each split in two; 1 when they agree.
 *
 * $\hat R = \sqrt{\frac{\frac{n-1}{n}W + \frac{B}{n}}{W}}$ with the variance $W$ within and $B$ between half chains.
 *
 * @param chains - At least one chain of at least 4 draws; all of one length.
 * @throws {@link ArgumentError} when chains are missing, too short, or of different lengths.
 * @see Gelman et al. (2013), Bayesian Data Analysis, section 11.4.
 */
export function rHat(chains: readonly ArrayLike<number>[]): number {
  if (chains.length === 0) {
    throw new ArgumentError("rHat: chains is empty; at least one chain was expected", {
      argument: "chains",
      value: [],
    });
  }
  const { length } = chains[0]!;
  for (const [i, chain] of chains.entries()) {
    checkChain("rHat", `chains[${i}]`, chain, 4);
    if (chain.length !== length) {
      throw new ArgumentError(
        `rHat: chains[${i}] holds ${chain.length} draws and chains[0] holds ${length}; equal lengths were expected`,
        {
          argument: "chains",
          value: chain.length,
        },
      );
    }
  }
  const half = Math.floor(length / 2);
  const halves = chains.flatMap((chain) => {
    const values = Array.from(chain);
    return [values.slice(0, half), values.slice(length - half)];
  });
  const means = halves.map(mean);
  const variances = halves.map((values) => (autocovariance(centredValues(values), 0) * half) / (half - 1));
  const within = mean(variances);
  const between = (half * autocovariance(centredValues(means), 0) * halves.length) / (halves.length - 1);
  if (within === 0) return between === 0 ? 1 : Number.POSITIVE_INFINITY;
  return Math.sqrt(((half - 1) / half) * 1 + between / half / within);
}

/** What {@link acceptanceFreeStationarity} finds. */
export interface Stationarity {
  /** Difference of the means of the early and the late part, in standard errors. */
  z: number;
  /** Whether it is within two standard errors. */
  isStationary: boolean;
}

/**
 * Whether a chain without accept–reject steps has settled: compares its first tenth with its last half.
 *
 * @param chain - Draws of one quantity, such as the loss, in order, at least 40.
 * @param options - `early` and `late`: shares that are compared, 0.1 and 0.5 by default.
 * @throws {@link ArgumentError} when the chain is too short or the shares overlap.
 * @see Geweke (1992), Evaluating the accuracy of sampling-based approaches to calculating posterior moments.
 */
export function acceptanceFreeStationarity(
  chain: ArrayLike<number>,
  options: { early?: number; late?: number } = {},
): Stationarity {
  const { early = 0.1, late = 0.5 } = options;
  checkChain("acceptanceFreeStationarity", "chain", chain, 40);
  if (!(early > 0 && late > 0 && early + late <= 1)) {
    throw new ArgumentError(
      `acceptanceFreeStationarity: early is ${early} and late is ${late}; positive shares with a sum of at most 1 were expected`,
      { argument: "early", value: early },
    );
  }
  const values = Array.from(chain);
  const first = values.slice(
    0,
    checkInteger("acceptanceFreeStationarity", "early", Math.floor(early * values.length), { min: 4 }),
  );
  const last = values.slice(values.length - Math.floor(late * values.length));
  const squaredError = (part: number[]) => autocovariance(centredValues(part), 0) / effectiveSampleSize(part);
  const error = Math.sqrt(squaredError(first) + squaredError(last));
  const z = error === 0 ? 0 : (mean(first) - mean(last)) / error;
  return { z, isStationary: Math.abs(z) <= 2 };
}
