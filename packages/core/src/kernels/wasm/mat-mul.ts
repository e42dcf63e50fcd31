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

/**
 * Products with a transposed operand: transposing first and multiplying then is several times faster than the shipped
 * kernel's strided inner loop.
 */
export function registerMatMul(): void {
  for (const name of ["BatchMatMul", "_FusedMatMul"]) {
    registerWasmKernel(name, (run, inputs, attrs) =>
      run.call(
        name,
        { ...inputs, a: plain(run, inputs.a!, attrs.transposeA), b: plain(run, inputs.b!, attrs.transposeB) },
        { ...attrs, transposeA: false, transposeB: false },
      ),
    );
  }
}
