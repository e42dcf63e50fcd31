import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

/**
 * Padding by number as explicit padding: for a number the engine takes the height's filter and stride for the width as
 * well, and the shipped kernel then writes outside its memory.
 */
export function explicitPad(pad: unknown): unknown {
  if (typeof pad !== "number") return pad;
  return [
    [0, 0],
    [pad, pad],
    [pad, pad],
    [0, 0],
  ];
}

/** Attributes of a convolution with explicit padding. */
export function withExplicitPad(attrs: Record<string, unknown>): Record<string, unknown> {
  return { ...attrs, pad: explicitPad(attrs.pad) };
}

/** Registers convolutions whose padding by number is right for any filter and strides. */
export function registerConv2d(): void {
  const explicit =
    (name: string) => (run: Run, inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>) =>
      run.call(name, inputs, withExplicitPad(attrs));
  for (const name of ["Conv2D", "FusedConv2D"]) registerWasmKernel(name, explicit(name));
}
