import { checkInteger } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { assignWeights, Mlp, type WeightsSpec, weightsToSpec } from "../network/index.js";
import { sceneFeatures } from "../scene/features.js";
import { NUM_FEATURES } from "../scene/features-operation.js";
import type { TrainablePolicy } from "./policy.js";

/** Largest acceleration in m/s² and curvature in 1/m that the policy can ask for. */
const LARGEST = [4, 0.03] as const;
/** Scale of the raw outputs within the tanh. */
const SOFTNESS = [4, 10] as const;

/** Options of {@link mlpPolicy}. */
export interface MlpPolicyOptions {
  /** Seed of the initial weights. @defaultValue 0 */
  seed?: number;
  /** Units of each of the two hidden layers. @defaultValue 64 */
  hidden?: number;
  /** Weights to start from, as `describe` gave them. @defaultValue random */
  weights?: WeightsSpec;
}

/**
 * A small policy on scene features: 29 → 64 → 64 → 2.
 *
 * $a = 4\tanh(u_1/4)$ m/s², $b = 0.03\tanh(u_2/10)$ per metre.
 *
 * @param options - See {@link MlpPolicyOptions}.
 * @returns A differentiable policy; free it with `dispose`.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export function mlpPolicy(options: MlpPolicyOptions = {}): TrainablePolicy {
  const hidden = checkInteger("mlpPolicy", "hidden", options.hidden ?? 64, { min: 1 });
  const seed = checkInteger("mlpPolicy", "seed", options.seed ?? 0, { min: 0 });
  const network = new Mlp({
    sizes: [NUM_FEATURES, hidden, hidden, 2],
    generator: new Generator(seed).split("mlp-policy"),
    lastScale: 0.1,
  });
  if (options.weights) assignWeights(network.parameters(), options.weights);
  const act = ({ ego, scene }: Parameters<TrainablePolicy>[0]) =>
    tf.tidy(() => {
      const raw = network.apply(sceneFeatures(ego, scene));
      const soft = tf.tanh(tf.mul(raw, tf.tensor1d(SOFTNESS.map((s) => 1 / s))));
      return tf.mul(soft, tf.tensor1d([...LARGEST])) as tf.Tensor2D;
    });
  return Object.assign(act, {
    parameters: () => network.parameters(),
    describe: async () => ({
      kind: "mlp" as const,
      hidden,
      weights: await weightsToSpec(network.parameters()),
    }),
    dispose: () => network.dispose(),
  });
}
