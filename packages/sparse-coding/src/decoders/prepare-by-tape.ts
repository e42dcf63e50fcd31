import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { Decoder, PreparedDecoder } from "./decoder.js";

/** Relative length of the finite difference that stands for a Jacobian product. */
const DIFFERENCE = 1e-2;
const MARGIN = 1.3;

/** A prepared form of any decoder by automatic differentiation. */
export function prepareByTape(decoder: Decoder, y: tf.Tensor2D): PreparedDecoder {
  const { dataDim } = decoder;
  const gradientOf = tf.grad((codes: tf.Tensor) =>
    tf.div(tf.sum(tf.square(tf.sub(decoder.decode(codes as tf.Tensor2D), y))), dataDim),
  );
  return {
    gradient: (codes) => tf.tidy(() => gradientOf(codes) as tf.Tensor2D),
    async lipschitz(codes) {
      // Power iteration on JᵀJ: J v by a difference, Jᵀ u by the tape.
      const largest = tf.tidy(() => {
        const base = decoder.decode(codes);
        let direction: tf.Tensor = new Generator(7).normal([...codes.shape]);
        direction = tf.div(direction, tf.sqrt(tf.sum(tf.square(direction), 1, true)));
        let norms: tf.Tensor = tf.scalar(0);
        for (let i = 0; i < 4; i++) {
          const moved = decoder.decode(tf.add(codes, tf.mul(direction, DIFFERENCE)) as tf.Tensor2D);
          const image = tf.div(tf.sub(moved, base), DIFFERENCE);
          const back = tf.grad((z: tf.Tensor) => tf.sum(tf.mul(decoder.decode(z as tf.Tensor2D), image)))(
            codes,
          );
          norms = tf.sqrt(tf.sum(tf.square(back), 1, true));
          direction = tf.div(back, tf.add(norms, 1e-30));
        }
        return tf.max(norms);
      });
      const [value] = await largest.data();
      largest.dispose();
      return Math.max((MARGIN * 2 * value!) / dataDim, 1e-12);
    },
    dispose: () => {},
  };
}
