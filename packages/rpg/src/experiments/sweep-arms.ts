import type { ExperimentContext, Mode } from "@lab/core/experiment";
import type { Arm, SweepArm } from "../sweep/arm.js";
import { type ArmTask, DIGITS } from "../sweep/arm-task.js";
import type { SweepTraining } from "../sweep/problem.js";
import { runTasks } from "../sweep/run-tasks.js";

/** Pictures and training of the protocol. */
export interface DigitsParams extends SweepTraining {
  /** Training and test pictures. */
  numTrain: number;
  numTest: number;
  /** Units of the hidden layers. @defaultValue 300 */
  width?: number;
}

/** Parameters of an experiment that compares arms on digits. */
export interface ArmsParams extends DigitsParams {
  /** The arms. */
  arms: Arm[];
  /** Keys other than the right one that are tried on the last ring. */
  wrongKeys: number;
}

/** Accuracy of one arm. */
export interface ArmResult extends Arm {
  /** Trained numbers. */
  parameters: number;
  /** Test accuracy in percent. */
  accuracy: number;
}

/** Result of one seed. */
export interface ArmsResult {
  data: string;
  arms: ArmResult[];
  /** Test accuracies in percent with wrong keys. */
  wrongKeys: number[];
}

/** The protocol: 10,000 training pictures, and 4 epochs of large batches where time is short. */
export const protocol = (mode: Mode): DigitsParams => ({
  numTrain: 10_000,
  numTest: 10_000,
  epochs: mode === "quick" ? 4 : 10,
  batch: mode === "quick" ? 200 : 100,
  learningRate: mode === "quick" ? 4e-3 : 1e-3,
});

/** Name of an arm, also in file names. */
export const nameOf = ({ kind, size, block, isRestarted }: Arm): string =>
  [kind, kind === "dense" ? "" : size, block ? `block-${block}` : "", isRestarted ? "restart" : ""]
    .filter((part) => part !== "")
    .join("-");

/** Trains every arm on the same pictures in the same order; an arm that was stopped goes on from its checkpoint. */
export async function runArms(context: ExperimentContext<ArmsParams>): Promise<ArmsResult> {
  const { params, seed, signal, onProgress, runner, store } = context;
  const { arms, wrongKeys, ...protocolParams } = params;
  const settings = { ...protocolParams, dir: context.data.dir };
  const lastRing = arms.findLastIndex(({ kind }) => kind === "rpg");
  const tasks = new Map<string, ArmTask>(
    arms.map((arm, i) => [
      nameOf(arm),
      { build: DIGITS, settings, arm, seed, wrongKeys: i === lastRing ? wrongKeys : 0 },
    ]),
  );
  const total = tasks.size;
  const found = new Map<string, ArmResult>();
  const result: ArmsResult = { data: "", arms: [], wrongKeys: [] };
  const outcomes = runTasks(tasks, {
    name: `rpg-arms-${seed}`,
    runner,
    signal,
    ...(store !== "" && { store }),
    ...(store !== "" && { checkpoint: (key: string) => `${store}/${key}.safetensors` }),
    on: (message, share) => onProgress({ done: found.size + share, total, message }),
  });
  for await (const { key, output } of outcomes) {
    const { parameters, accuracy, data } = output;
    found.set(key, { ...tasks.get(key)!.arm, parameters, accuracy });
    result.data = data;
    result.wrongKeys.push(...output.wrongKeys);
    onProgress({ done: found.size, total, message: key, metrics: { accuracy } });
  }
  result.arms = [...tasks.keys()].map((key) => found.get(key)!);
  return result;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Accuracies of an arm over the seeds, and their mean. */
export interface ArmMean extends Arm {
  name: string;
  parameters: number;
  accuracies: number[];
  mean: number;
}

/** Means over seeds, arm by arm. */
export function meansOf(runs: readonly { result: ArmsResult }[]): ArmMean[] {
  return runs[0]!.result.arms.map((arm, i) => {
    const accuracies = runs.map(({ result }) => result.arms[i]!.accuracy);
    return { ...arm, name: nameOf(arm), accuracies, mean: mean(accuracies) };
  });
}

/** The mean accuracy of an arm, NaN where it was not run. */
export const meanOf = (means: readonly ArmMean[], kind: SweepArm, size?: number): number =>
  means.find((m) => m.kind === kind && !m.block && !m.isRestarted && (size === undefined || m.size === size))
    ?.mean ?? Number.NaN;

/** Rows of a sweep, for its figure. */
export const rowsOf = (runs: readonly { seed: number; result: ArmsResult }[]) =>
  runs.flatMap(({ seed, result }) =>
    result.arms.map(({ kind, size, parameters, accuracy }) => ({
      arm: kind,
      size,
      seed,
      parameters,
      accuracy,
    })),
  );
