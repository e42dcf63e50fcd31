import * as tf from "@tensorflow/tfjs-core";
import { STEP_MODULE } from "./step-module.js";

/** Functions of `simd/step.mjs`; addresses and lengths in bytes. */
export interface StepLoops {
  sums(x: number, zero: number, sum: number, square: number, bytes: number, rows: number): void;
  shrink(
    at: number,
    offset: number,
    ahead: number,
    codes: number,
    next: number,
    pull: number,
    bias: number,
    bytes: number,
    rows: number,
    shrink: number,
    floor: number,
  ): number;
  accelerate(codes: number, next: number, ahead: number, bytes: number, factor: number): void;
}

/** What is read of the engine's wasm backend beyond its public interface. */
interface WithMemory {
  wasm?: { asm?: { memory?: WebAssembly.Memory }; wasmMemory?: WebAssembly.Memory };
}

const instances = new WeakMap<WebAssembly.Memory, StepLoops>();

/** Loops on the memory behind a buffer: that of the wasm backend, unless threads share it. */
export function stepLoops(buffer: ArrayBufferLike): StepLoops | undefined {
  const { wasm } = tf.backend() as unknown as WithMemory;
  const memory = wasm?.wasmMemory ?? wasm?.asm?.memory;
  if (memory?.buffer !== buffer || !(buffer instanceof ArrayBuffer)) return undefined;
  let loops = instances.get(memory);
  if (!loops) {
    const module = new WebAssembly.Module(Uint8Array.from(atob(STEP_MODULE), (c) => c.charCodeAt(0)));
    loops = new WebAssembly.Instance(module, { e: { m: memory } }).exports as unknown as StepLoops;
    instances.set(memory, loops);
  }
  return loops;
}
