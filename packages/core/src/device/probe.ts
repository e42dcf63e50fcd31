import * as tf from "@tensorflow/tfjs-core";
import { loaders } from "./loaders.js";
import { startBackend } from "./start.js";
import type { BackendLoader, BackendProbe } from "./types.js";
import { explain } from "./unusable.js";

const SIZE = 512;
const REPEATS = 5;

/** Speed of a float32 product on the current backend, in GFLOP/s. */
async function measureProduct(): Promise<number> {
  const [a, b] = [tf.ones([SIZE, SIZE]), tf.ones([SIZE, SIZE])];
  const once = async () => {
    const product = tf.matMul(a, b);
    await product.data();
    product.dispose();
  };
  await once();
  let best = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const start = performance.now();
    await once();
    best = Math.min(best, performance.now() - start);
  }
  tf.dispose([a, b]);
  return (2 * SIZE ** 3) / (best * 1e6);
}

async function probe(loader: BackendLoader, measure: boolean): Promise<BackendProbe> {
  try {
    const device = await startBackend(loader);
    const found: BackendProbe = { backend: loader.name, usable: true, device };
    if (measure) found.gflops = await measureProduct();
    return found;
  } catch (error) {
    return { backend: loader.name, usable: false, ...explain(error, loader.fix) };
  }
}

/**
 * Tries every backend and says which can be used here; the engine's current backend is restored.
 *
 * @param options - `measure` also times a 512×512 product on each.
 * @returns One entry a backend: usable or not, why not, and the command that would make it usable.
 * @example
 * ```ts
 * import { probeBackends } from "@lab/core";
 *
 * const usable = (await probeBackends()).filter((probe) => probe.usable).map((probe) => probe.backend);
 * usable.includes("wasm"); // => true
 * ```
 */
export async function probeBackends(options: { measure?: boolean } = {}): Promise<BackendProbe[]> {
  const current = tf.engine().backendName;
  const probes: BackendProbe[] = [];
  for (const loader of loaders) probes.push(await probe(loader, options.measure ?? false));
  if (current) await tf.setBackend(current);
  return probes;
}
