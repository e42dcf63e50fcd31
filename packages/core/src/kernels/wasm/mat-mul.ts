import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

/** The operand with its last two axes exchanged where it is flagged. */
function plain(run: Run, x: TensorInfo, isTransposed: unknown): TensorInfo {
  if (!isTransposed) return x;
  const { length } = x.shape;
  const perm = Array.from({ length }, (_, axis) => axis);
  [perm[length - 2], perm[length - 1]] = [length - 1, length - 2];
  return run.transpose(x, perm);
}

/** The operand as float32, which is all that the shipped kernel multiplies. */
function float(run: Run, x: TensorInfo): TensorInfo {
  return x.dtype === "float32" ? x : run.call("Cast", { x }, { dtype: "float32" });
}

/**
 * Products with a transposed operand: transposing first and multiplying then is several times faster than the shipped
 * kernel's strided inner loop.
 */
export function registerMatMul(): void {
  for (const name of ["BatchMatMul", "_FusedMatMul"]) {
    registerWasmKernel(name, (run, inputs, attrs) => {
      const [a, b] = [float(run, inputs.a!), float(run, inputs.b!)];
      const product = run.call(
        name,
        { ...inputs, a: plain(run, a, attrs.transposeA), b: plain(run, b, attrs.transposeB) },
        { ...attrs, transposeA: false, transposeB: false },
      );
      const { dtype } = inputs.a!;
      return dtype === "float32" ? product : run.call("Cast", { x: product }, { dtype });
    });
  }
}
