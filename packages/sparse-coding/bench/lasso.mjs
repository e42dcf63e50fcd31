import { Generator } from "@lab/core/random";
import { sparseEncode } from "@lab/sparse-coding/lasso";
import * as tf from "@tensorflow/tfjs-core";
import { objectiveOf } from "./objective.mjs";
import { besideRivals } from "./pairs.mjs";

/** Unit atoms and noisy combinations of a few of them. */
function planted(count, dim, atoms, used, seed) {
  const generator = new Generator(seed);
  return tf.tidy(() => {
    const raw = generator.normal([dim, atoms]);
    const dictionary = tf.div(raw, tf.norm(raw, "euclidean", 0, true));
    const codes = new Float32Array(count * atoms);
    const sizes = generator.normal64(count * used);
    for (let n = 0; n < count; n++) {
      const chosen = generator.split(n).permutation(atoms).subarray(0, used);
      for (let k = 0; k < used; k++) codes[n * atoms + chosen[k]] = sizes[n * used + k];
    }
    const y = tf.matMul(tf.tensor2d(codes, [count, atoms]), dictionary, false, true);
    return [
      tf.add(y, generator.normal([count, dim], 0, (0.1 / Math.sqrt(dim)) * Math.sqrt(used))),
      dictionary,
    ];
  });
}

/** Codes of 1000 samples; `bar` in microseconds a row. */
export const codes = ({ dim, atoms, bar, alpha }) =>
  besideRivals(async ({ share, compare }) => {
    const [y, dictionary] = planted(1000, dim, atoms, Math.round(0.045 * atoms), 1);
    await share("y", y);
    await share("dictionary", dictionary);
    // What is asked of the codes is asked outside of the time.
    const coding = (options) => () => sparseEncode(y, dictionary, options);
    const lasso = coding({ alpha, algorithm: "cd", tolerance: 1e-4 });
    const objective = ({ codes }) => objectiveOf(y, dictionary, codes, alpha);
    const common = { unit: "µs a row", scale: 1, objective };
    const task = { y: "y", dictionary: "dictionary", alpha };
    await compare({
      ...common,
      name: `lasso, 1000 x ${dim}, ${atoms} atoms, gap 1e-4`,
      bar: { of: "ours", atMost: bar },
      ours: lasso,
      rival: { ...task, kind: "coding", method: "lasso_cd", tol: 1e-4 },
      rivalName: "scikit-learn Lasso(precompute, tol=1e-4)",
    });
    await compare({
      ...common,
      name: `lasso against the default, ${atoms} atoms`,
      bar: { of: "ratio", atMost: 1 / 10 },
      ours: lasso,
      rival: { ...task, kind: "coding", method: "lasso_lars" },
      rivalName: "scikit-learn sparse_encode (lasso_lars)",
    });
    if (atoms === 128) {
      await compare({
        ...common,
        name: "matching pursuit, 10 of 128 atoms",
        bar: { of: "ours", atMost: 60 },
        ours: coding({ algorithm: "omp", nonzero: 10 }),
        rival: { ...task, kind: "coding", method: "omp", nonzero: 10, alpha: 0 },
        rivalName: "scikit-learn sparse_encode (omp)",
        objective: undefined,
      });
    }
    tf.dispose([y, dictionary]);
  });
