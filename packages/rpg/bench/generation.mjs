// Time of one kernel's generation and gradient against tf.gather and a product with signs; prints JSON.
// Run after `pnpm --filter @lab/rpg build`: node bench/generation.mjs
import { init } from "@lab/core";
import { ParameterGenerator } from "@lab/rpg";
import * as tf from "@tensorflow/tfjs-core";

await init({ backend: "wasm" });
const [size, count, rounds] = [4000, 1_000_000, 15];
const generator = new ParameterGenerator([{ name: "k", shape: [count], std: 1 }], { parameters: size });
const packed = generator.index("k");
const index = tf.tensor1d(
  packed.map((word) => word & 0x7fffffff),
  "int32",
);
const signs = tf.tensor1d(Float32Array.from(packed, (word) => (word < 0 ? -1 : 1)));

const arms = {
  generate: () => generator.generate("k"),
  gatherAndMultiply: () => tf.tidy(() => tf.mul(tf.gather(generator.ring, index), signs)),
  generateAndGradient: () =>
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => tf.sum(generator.generate("k")), [generator.ring]);
      return Object.values(grads)[0];
    }),
};

const times = Object.fromEntries(Object.keys(arms).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of Object.entries(arms)) {
    const start = performance.now();
    const result = run();
    await result.data();
    times[name].push(performance.now() - start);
    result.dispose();
  }
}
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const nanoseconds = Object.fromEntries(
  Object.entries(times).map(([name, values]) => [name, (1e6 * median(values)) / count]),
);
process.stdout.write(
  `${JSON.stringify({ backend: tf.getBackend(), size, count, nanosecondsPerElement: nanoseconds, gatherOverGenerate: nanoseconds.gatherAndMultiply / nanoseconds.generate }, null, 1)}\n`,
);
