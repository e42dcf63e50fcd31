import { withChannelsFirst } from "./data-format.js";
import { registerWasmKernel } from "./wasm-kernel.js";

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

/** Attributes with {@link explicitPad}. */
export function withExplicitPad(attrs: Record<string, unknown>): Record<string, unknown> {
  return typeof attrs.pad === "number" ? { ...attrs, pad: explicitPad(attrs.pad) } : attrs;
}

/** Registers convolutions that take channels first, and whose padding by number is right for any filter and strides. */
export function registerConv2d(): void {
  registerWasmKernel(
    "Conv2D",
    withChannelsFirst(["x"], true, (run, inputs, attrs) =>
      run.call("Conv2D", inputs, withExplicitPad(attrs)),
    ),
  );
}
