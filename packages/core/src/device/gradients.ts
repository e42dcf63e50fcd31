import { getGradient } from "@tensorflow/tfjs-core";

/**
 * Registers the engine's gradients. With `@tensorflow/tfjs-core` alone Node has none; `init` calls this.
 *
 * @returns When they are registered; immediately when they already are.
 */
export async function registerGradients(): Promise<void> {
  if (getGradient("Sum") === undefined) await import("@tensorflow/tfjs-core/dist/register_all_gradients.js");
}
