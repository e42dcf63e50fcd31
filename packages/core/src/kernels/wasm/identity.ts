import { registerWasmKernel } from "./wasm-kernel.js";

/** Registers `clone` as a second reference to the same values, as other backends have it; the shipped kernel copies them. */
export function registerIdentity(): void {
  registerWasmKernel("Identity", (run, inputs) => {
    const { dataId, shape, dtype } = inputs.x!;
    run.memory.incRef(dataId);
    return { dataId, shape: [...shape], dtype };
  });
}
