import type { ExperimentContext } from "@lab/core/experiment";
import { assemble } from "../compress/compress.js";
import { ParameterGenerator } from "../generator/index.js";
import { digits } from "./digits.js";
import { type Arm, accuracyOf, build, network, type TrainSettings, train } from "./train-arm.js";

/** Parameters of an experiment that compares arms on digits. */
export interface ArmsParams extends TrainSettings {
  /** Training and test pictures. */
  numTrain: number;
  numTest: number;
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

/** Trains every arm on the same pictures in the same order. */
export async function runArms(context: ExperimentContext<ArmsParams>): Promise<ArmsResult> {
  const { params, seed, signal, onProgress } = context;
  const images = await digits(context.data.dir, seed, params.numTrain, params.numTest);
  const arms: ArmResult[] = [];
  const wrongKeys: number[] = [];
  const total = params.arms.length;
  for (const [i, arm] of params.arms.entries()) {
    const { model, compressed } = build(arm, seed);
    const message = `${arm.kind}, ${arm.size}`;
    try {
      await train(model, images.train, params, seed, {
        signal,
        on: (share) => onProgress({ done: i + share, total, message }),
      });
      const accuracy = await accuracyOf(model, images.test);
      arms.push({ ...arm, parameters: model.countParams(), accuracy });
      onProgress({ done: i + 1, total, message, metrics: { accuracy } });
      const isLastRing = params.arms.findLastIndex(({ kind }) => kind === "rpg") === i;
      if (!compressed || !isLastRing) continue;
      const ring = (await compressed.generator.ring.data()) as Float32Array;
      for (let key = 0; key < params.wrongKeys; key++) {
        const wrong = ParameterGenerator.fromJSON(compressed.generator.toJSON(), ring, 777_000 + key);
        const names = wrong.targets.map(({ name }) => name);
        const locked = assemble(network(300, seed), names, [wrong]);
        wrongKeys.push(await accuracyOf(locked.model, images.test));
        locked.dispose();
      }
    } finally {
      if (compressed) compressed.dispose();
      else model.dispose();
    }
  }
  return { data: images.name, arms, wrongKeys };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Accuracies of an arm over the seeds, and their mean. */
export interface ArmMean extends Arm {
  parameters: number;
  accuracies: number[];
  mean: number;
}

/** Means over seeds, arm by arm. */
export function meansOf(runs: readonly { result: ArmsResult }[]): ArmMean[] {
  return runs[0]!.result.arms.map(({ kind, size, parameters }, i) => {
    const accuracies = runs.map(({ result }) => result.arms[i]!.accuracy);
    return { kind, size, parameters, accuracies, mean: mean(accuracies) };
  });
}

/** The mean accuracy of an arm, NaN where it was not run. */
export const meanOf = (means: readonly ArmMean[], kind: Arm["kind"], size?: number): number =>
  means.find((m) => m.kind === kind && (size === undefined || m.size === size))?.mean ?? Number.NaN;
