import { ArgumentError } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { type Sparse, sparsify } from "../baselines/index.js";
import { attachGenerators, type Compressed, compress } from "../compress/index.js";
import { ParameterGenerator } from "../generator/index.js";
import { SHARES, type Share } from "../ring-index/ring-index.js";
import type { SweepProblem, SweepRows } from "./problem.js";
import { accuracyOf, crossEntropy, pick, type TrainHooks, train } from "./training.js";

/**
 * What is trained: the network from a ring shared in some way, the network itself, a narrow one, or the network with all
 * but some weights pruned (by SNIP before training, by magnitude after half of it, or at random).
 */
export type SweepArm = Share | "dense" | "narrow" | "snip" | "magnitude" | "random";

/** An arm at a size. */
export interface Arm {
  /** What is trained. */
  kind: SweepArm;
  /** Numbers in the ring, weights that stay, or weights of the narrow network; ignored by `dense`. */
  size: number;
  /** Elements of the ring that stay together. */
  block?: number;
  /** Whether each kernel starts a fresh lap. */
  isRestarted?: boolean;
  /** Key of the ring. @defaultValue 12345 */
  key?: number;
}

/** A trained network. */
export interface Trained {
  model: LayersModel;
  /** The ring, for arms that have one. */
  compressed: Compressed | undefined;
  /** Numbers that were trained. */
  parameters: number;
  dispose(): void;
}

/** Key of the rings of all sweeps. */
const KEY = 12345;

export const isRing = (kind: SweepArm): kind is Share => (SHARES as readonly string[]).includes(kind);

/** Builds and trains an arm. */
export async function trainArm(
  arm: Arm,
  problem: SweepProblem,
  rows: SweepRows,
  seed: number,
  hooks: TrainHooks = {},
): Promise<Trained> {
  const { kind, size } = arm;
  const { training } = problem;
  const compressed = isRing(kind) ? ringOf(arm, kind, problem, seed) : undefined;
  const model = compressed?.model ?? networkOf(arm, problem, seed);
  let sparse: Sparse | undefined;
  const dispose = () => {
    const owner = sparse ?? compressed;
    if (owner) owner.dispose();
    else model.dispose();
  };
  try {
    const isLate = kind === "magnitude";
    const before = isLate ? Math.max(1, Math.floor(training.epochs / 2)) : 0;
    if (isLate) {
      await train(model, rows, { ...training, epochs: before }, seed, {
        ...hooks,
        on: (share) => hooks.on?.(share / 2),
        ...(hooks.checkpoint === undefined ? {} : { checkpoint: `${hooks.checkpoint}.dense` }),
      });
    }
    if (isLate || kind === "snip" || kind === "random") {
      sparse = await pruned(model, kind, size, rows, training.batch, seed);
    }
    const epochs = Math.max(1, training.epochs - before);
    await train(model, rows, { ...training, epochs }, seed, {
      ...hooks,
      on: (share) => hooks.on?.(isLate ? (1 + share) / 2 : share),
    });
    const masked = sparse
      ? Object.values(sparse.masks).reduce((sum, mask) => sum + mask.size, 0) - sparse.kept
      : 0;
    return { model, compressed, parameters: model.countParams() - masked, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

function ringOf(arm: Arm, share: Share, problem: SweepProblem, seed: number): Compressed {
  return compress(problem.model(seed), {
    ...problem.compress,
    parameters: arm.size,
    seed: arm.key ?? KEY,
    share,
    generator: new Generator(seed),
    inPlace: true,
    ...(arm.block === undefined ? {} : { block: arm.block }),
    ...(arm.isRestarted ? { origin: "layer" as const } : {}),
  });
}

function networkOf({ kind, size }: Arm, problem: SweepProblem, seed: number): LayersModel {
  if (kind !== "narrow") return problem.model(seed);
  if (problem.narrow) return problem.narrow(size, seed);
  throw new ArgumentError(
    "dofSweep: build gives no narrow network; a function narrow(parameters, seed) was expected for the arm narrow",
    { argument: "build", value: undefined },
  );
}

async function pruned(
  model: LayersModel,
  by: "snip" | "magnitude" | "random",
  keep: number,
  rows: SweepRows,
  batch: number,
  seed: number,
): Promise<Sparse> {
  const generator = new Generator(seed).split("pruning");
  const chosen = generator.permutation(rows.labels.length).subarray(0, batch);
  const examples = pick(rows, chosen);
  try {
    return await sparsify(model, { keep, by, generator, loss: () => crossEntropy(model, examples) });
  } finally {
    tf.dispose([examples.x, examples.y]);
  }
}

/** Accuracies of a ring in percent under keys that are not its own. */
export async function wrongKeyAccuracies(
  ring: Compressed,
  keys: number,
  problem: SweepProblem,
  test: SweepRows,
  seed: number,
): Promise<number[]> {
  const values = (await ring.generator.ring.data()) as Float32Array;
  const accuracies: number[] = [];
  for (let key = 0; key < keys; key++) {
    const wrong = ParameterGenerator.fromJSON(ring.generator.toJSON(), values, 777_000 + key);
    const locked = attachGenerators(problem.model(seed), [wrong]);
    accuracies.push(await accuracyOf(locked.model, test));
    locked.dispose();
  }
  return accuracies;
}
