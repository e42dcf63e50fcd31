import { registerWasmKernel } from "./wasm-kernel.js";

/** Registers `oneHot` for floats; the shipped kernel writes the bits of whole numbers into them. */
export function registerOneHot(): void {
  registerWasmKernel("OneHot", (run, inputs, attrs) => {
    if (attrs.dtype !== "float32") return run.call("OneHot", inputs, attrs);
    const indices = inputs.indices!;
    const { depth, onValue, offValue } = attrs as { depth: number; onValue: number; offValue: number };
    const result = run.make([...indices.shape, depth]);
    const [places, out] = [run.values(indices), run.values(result)];
    out.fill(offValue);
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      if (place >= 0 && place < depth) out[i * depth + place] = onValue;
    }
    return result;
  });
}
