import { checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ParameterGenerator } from "./parameter-generator.js";

/**
 * Weight decay that acts on generated kernels as it does on stored ones.
 *
 * $\tfrac{\lambda}{2} \lVert K \rVert^2 = \tfrac{\lambda}{2}\, w^\top D w$ with $D_j = \sum_{t:\rho(t)=j} c_l^2$, whereas an
 * optimizer's decay of the ring is $\tfrac{\lambda}{2}\lVert w \rVert^2$.
 *
 * @param lambda - Strength $\lambda$, at least 0.
 * @returns A function that gives the term for a generator, or for everything with `generators` such as what `compress`
 *   returned: a scalar to add to the loss. Detached targets are constant and leave it out.
 * @throws {@link ArgumentError} when `lambda` is negative or not finite.
 * @remarks Linear in the ring; with `gradient: "projected"` its gradient is divided by $D$ as all others.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { ParameterGenerator, weightDecayMatched } from "@lab/rpg";
 *
 * await init();
 * const generator = new ParameterGenerator([{ name: "a", shape: [6], std: 1 }], { parameters: 2 });
 * generator.setRing(Float32Array.of(1, 2));
 * const term = weightDecayMatched(0.1)(generator);
 * Math.round(1e6 * (await term.data())[0]!); // => 750000
 * ```
 */
export function weightDecayMatched(
  lambda: number,
): (of: ParameterGenerator | { generators: readonly ParameterGenerator[] }) => tf.Scalar {
  checkNumber("weightDecayMatched", "lambda", lambda, { min: 0 });
  return (of) =>
    tf.tidy(() => {
      const generators = "generators" in of ? of.generators : [of];
      return tf.mul(lambda / 2, tf.addN(generators.map((generator) => generator.squaredNorm()))) as tf.Scalar;
    });
}
