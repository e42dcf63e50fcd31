import type { TensorInfo } from "@tensorflow/tfjs-core";
import { blasProduct } from "./blas/product.js";
import type { Sgemm } from "./blas/sgemm.js";
import { finished, fused } from "./fused.js";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

/** The operand with its last two axes exchanged where it is flagged. */
function plain(run: Run, x: TensorInfo, isTransposed: unknown): TensorInfo {
  if (!isTransposed) return x;
  const { length } = x.shape;
  const perm = Array.from({ length }, (_, axis) => axis);
  [perm[length - 2], perm[length - 1]] = [length - 1, length - 2];
  return run.transpose(x, perm);
}

const PLAIN = { transposeA: false, transposeB: false };

/** Floats of the operands that a pass over the sums may read, so that they stay in the cache. */
const PASS_FLOATS = 1 << 13;

/**
 * $A^\top B$ of tall matrices `[count, rows]` and `[count, columns]` as sums of outer products, which copies nothing.
 * Gradients of dense layers and Gram matrices are of this kind.
 */
function tallProduct(run: Run, a: TensorInfo, b: TensorInfo): TensorInfo {
  const [count, rows] = a.shape.slice(-2) as [number, number];
  const columns = b.shape.at(-1)!;
  const result = run.zeros([...a.shape.slice(0, -2), rows, columns]);
  const [to, x, y] = [run.address(result), run.address(a), run.address(b)];
  const pass = Math.max(8, Math.floor(PASS_FLOATS / (rows + columns)));
  for (let i = 0; i < count; i += pass) {
    const [from, slopes] = [x + 4 * i * rows, y + 4 * i * columns];
    const taken = Math.min(pass, count - i);
    run.simd.outerRows(to, from, 4 * rows, slopes, 4 * columns, taken, rows, columns);
  }
  return result;
}

/** Products of fewer multiplications than this cost less here than the shipped kernel's call. */
const SMALL_WORK = 2 ** 15;

/** The product of two small matrices, or `undefined` where the operands are others. */
function smallProduct(
  run: Run,
  a: TensorInfo,
  b: TensorInfo,
  attrs: Record<string, unknown>,
): TensorInfo | undefined {
  if (a.shape.length !== 2 || b.shape.length !== 2 || attrs.transposeA || attrs.transposeB) return undefined;
  const [rows, count] = a.shape as [number, number];
  const [inner, columns] = b.shape as [number, number];
  const work = rows * count * columns;
  if (inner !== count || work === 0 || work > SMALL_WORK) return undefined;
  const result = run.zeros([rows, columns]);
  const to = run.address(result);
  run.simd.innerRows(to, run.address(a), 4 * count, run.address(b), 4 * columns, count, rows, columns);
  return result;
}

/** Whether {@link tallProduct} takes the operands: one pair of matrices, whose product fits the cache. */
function isTall(a: TensorInfo, b: TensorInfo, attrs: Record<string, unknown>): boolean {
  if (attrs.transposeA !== true || attrs.transposeB) return false;
  const isSingle = [a, b].every(({ shape }) => shape.slice(0, -2).every((size) => size === 1));
  const [count, rows] = a.shape.slice(-2) as [number, number];
  const columns = b.shape.at(-1)!;
  return (
    isSingle &&
    a.shape.length === b.shape.length &&
    count === b.shape.at(-2) &&
    count > 0 &&
    rows * columns <= 1 << 16
  );
}

/** The operand as float32, which is all that the shipped kernel multiplies. */
function float(run: Run, x: TensorInfo): TensorInfo {
  return x.dtype === "float32" ? x : run.call("Cast", { x }, { dtype: "float32" });
}

/**
 * Product of plain operands: transposing first and multiplying then is several times faster than the shipped kernel's
 * strided inner loop.
 */
function product(run: Run, inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>): TensorInfo {
  const [a, b] = [inputs.a!, inputs.b!];
  const small = smallProduct(run, a, b, attrs);
  if (small) return small;
  if (isTall(a, b, attrs)) return tallProduct(run, a, b);
  const operands = { a: plain(run, a, attrs.transposeA), b: plain(run, b, attrs.transposeB) };
  return run.call("BatchMatMul", operands, PLAIN);
}

/**
 * Registers products, fused or not, of floats and whole numbers.
 *
 * @param sgemm - Multiplies large matrices where there is one.
 */
export function registerMatMul(sgemm: Sgemm | undefined): void {
  const asFloats =
    (compute: typeof product): typeof product =>
    (run, inputs, attrs) => {
      const { dtype } = inputs.a!;
      if (dtype === "float32" && inputs.b!.dtype === "float32") return compute(run, inputs, attrs);
      const result = compute(run, { ...inputs, a: float(run, inputs.a!), b: float(run, inputs.b!) }, attrs);
      return dtype === "float32" ? result : run.call("Cast", { x: result }, { dtype });
    };
  registerWasmKernel(
    "BatchMatMul",
    asFloats(
      (run, inputs, attrs) =>
        blasProduct(run, sgemm, inputs.a!, inputs.b!, attrs) ?? product(run, inputs, attrs),
    ),
  );
  registerWasmKernel(
    "_FusedMatMul",
    asFloats((run, inputs, attrs) => {
      const large = blasProduct(run, sgemm, inputs.a!, inputs.b!, attrs);
      if (large) return finished(run, large, inputs, attrs);
      const [a, b] = [plain(run, inputs.a!, attrs.transposeA), plain(run, inputs.b!, attrs.transposeB)];
      const given = { ...attrs, transposeA: false, transposeB: false };
      return fused(run, "_FusedMatMul", { ...inputs, a, b }, given, b.shape.at(-1)!, () =>
        run.call("BatchMatMul", { a, b }, { transposeA: false, transposeB: false }),
      );
    }),
  );
}
