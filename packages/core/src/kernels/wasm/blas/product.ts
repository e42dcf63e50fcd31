import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Run } from "../wasm-kernel.js";
import type { Sgemm } from "./sgemm.js";

/** Fewer multiplications than this are over before a foreign call has begun to pay. */
const LEAST_WORK = 2 ** 21;

/** A product of two single matrices by a BLAS, or `undefined` where it is small or a batch. */
export function blasProduct(
  run: Run,
  sgemm: Sgemm | undefined,
  a: TensorInfo,
  b: TensorInfo,
  attrs: Record<string, unknown>,
): TensorInfo | undefined {
  if (!sgemm || a.dtype !== "float32" || b.dtype !== "float32") return undefined;
  const turned = { a: attrs.transposeA === true, b: attrs.transposeB === true };
  const [rows, inner] = lastTwo(a, turned.a);
  const [innerB, columns] = lastTwo(b, turned.b);
  const isSingle = (x: TensorInfo) => x.shape.slice(0, -2).every((size) => size === 1);
  if (inner !== innerB || rows * inner * columns < LEAST_WORK || !isSingle(a) || !isSingle(b))
    return undefined;
  const batch = a.shape.length >= b.shape.length ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
  const result = run.make([...batch, rows, columns]);
  sgemm(turned, [rows, columns, inner], run.values(a), run.values(b), run.values(result));
  return result;
}

/** Rows and columns after transposing. */
function lastTwo({ shape }: TensorInfo, isTurned: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return isTurned ? [columns, rows] : [rows, columns];
}
