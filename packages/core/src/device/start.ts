import * as tf from "@tensorflow/tfjs-core";
import { registerGradients } from "./gradients.js";
import type { BackendLoader, DeviceInfo } from "./types.js";

/**
 * Imports a backend, makes it the engine's, and describes it.
 *
 * @throws The loader's reason, or an `Error` when the engine refuses the backend.
 */
export async function startBackend(loader: BackendLoader): Promise<DeviceInfo> {
  tf.enableProdMode(); // silences the engine's banner
  await registerGradients();
  const loaded = await loader.load();
  // setBackend answers false when a backend fails to start, and throws for names it does not know.
  if (!(await tf.setBackend(loaded.engineName)))
    throw new Error(`the engine could not start ${loaded.engineName}`);
  await tf.ready();
  return loaded.describe();
}
