import { checkInteger, checkNumber } from "@lab/core";

/** Options of {@link cyclicalCosine}. */
export interface CyclicalCosineOptions {
  /** Learning rate at the start of each cycle, $\eta_0$. */
  learningRate: number;
  /** Cycles, $C$. */
  cycles: number;
  /** Updates in all, $M$. */
  steps: number;
  /** Share of a cycle without noise, $\beta$. @defaultValue 0.25 */
  exploration?: number;
}

/** A learning rate by step, and where in its cycle a step stands. Steps count from 0. */
export interface CyclicalSchedule {
  (step: number): number;
  /** Whether a cycle starts at this step. */
  isStart(step: number): boolean;
  /** Whether the step explores: a large rate and no noise. */
  isExploration(step: number): boolean;
  /** Number of the cycle, from 0. */
  cycleOf(step: number): number;
  /** Steps, evenly after the exploration of each cycle, after which `total` samples are taken. */
  sampleSteps(total: number): number[];
}

/**
 * Learning rates that fall from $\eta_0$ along a half cosine, again and again.
 *
 * $\eta_k = \frac{\eta_0}{2}\left(\cos\frac{\pi\,\mathrm{mod}(k-1, \lceil M/C\rceil)}{\lceil M/C\rceil} + 1\right)$.
 *
 * @param options - See {@link CyclicalCosineOptions}.
 * @throws {@link ArgumentError} when an option is out of range.
 * @see Zhang, Li, Zhang, Chen, Wilson (2020), Cyclical stochastic gradient MCMC, eq. (1).
 * @example
 * ```ts
 * import { cyclicalCosine } from "@lab/priors";
 *
 * const schedule = cyclicalCosine({ learningRate: 0.1, cycles: 2, steps: 200 });
 * [schedule(0), schedule(50), schedule(100)]; // => [0.1, 0.05, 0.1]
 * schedule.sampleSteps(4); // => [61, 99, 161, 199]
 * ```
 */
export function cyclicalCosine(options: CyclicalCosineOptions): CyclicalSchedule {
  const rate = checkNumber("cyclicalCosine", "learningRate", options.learningRate, { above: 0 });
  const steps = checkInteger("cyclicalCosine", "steps", options.steps, { min: 1 });
  const cycles = checkInteger("cyclicalCosine", "cycles", options.cycles, { min: 1, max: steps });
  const exploration = checkNumber("cyclicalCosine", "exploration", options.exploration ?? 0.25, {
    min: 0,
    below: 1,
  });
  const length = Math.ceil(steps / cycles);
  const explored = Math.floor(exploration * length);
  const schedule = (step: number) =>
    Number(((rate / 2) * (Math.cos((Math.PI * (step % length)) / length) + 1)).toPrecision(15));
  return Object.assign(schedule, {
    isStart: (step: number) => step % length === 0,
    isExploration: (step: number) => step % length < explored,
    cycleOf: (step: number) => Math.floor(step / length),
    sampleSteps: (total: number) => {
      checkInteger("cyclicalCosine", "total", total, { min: 1 });
      const found: number[] = [];
      for (let cycle = 0; cycle < cycles; cycle++) {
        // The first cycles take one sample more where they do not divide evenly.
        const here = Math.floor(total / cycles) + (cycle < total % cycles ? 1 : 0);
        const end = Math.min(length, steps - cycle * length);
        for (let i = 1; i <= here; i++) {
          found.push(cycle * length + explored + Math.floor(((end - explored) * i) / here) - 1);
        }
      }
      return found;
    },
  });
}
