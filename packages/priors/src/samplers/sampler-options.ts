import { ArgumentError, checkNumber } from "@lab/core";
import type { GroupedOptions } from "@lab/core/optim";
import type { Generator } from "@lab/core/random";

/** Options that all samplers have. */
export interface SamplerOptions extends GroupedOptions {
  /** Examples in the training set, $N$, when the loss is a mean over examples; 1 when it is $U$ itself. */
  dataSize: number;
  /** Temperature $T$; 1 samples the posterior, 0 is plain optimisation. @defaultValue 1 */
  temperature?: number;
  /** Where the noise comes from. Give it to `fit({ generators })` as well, so that a resumed run draws the same. */
  generator: Generator;
}

/** Refuses options out of range; answers the common numbers. */
export function checkSamplerOptions(
  caller: string,
  options: SamplerOptions,
): { dataSize: number; temperature: number } {
  if (options.generator === undefined) {
    throw new ArgumentError(
      `${caller}: generator is undefined; a Generator of @lab/core/random was expected`,
      {
        argument: "generator",
        value: undefined,
      },
    );
  }
  return {
    dataSize: checkNumber(caller, "dataSize", options.dataSize, { min: 1 }),
    temperature: checkNumber(caller, "temperature", options.temperature ?? 1, { min: 0 }),
  };
}
