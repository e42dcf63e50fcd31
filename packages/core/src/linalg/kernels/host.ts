import type { KernelBackend, KernelFunc, NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs-core";
import { factorCholesky } from "../host/cholesky-host.js";
import { decomposeSymmetric } from "../host/eigh-host.js";
import { slogdetLu, solveLu } from "../host/lu-host.js";
import { factorQr } from "../host/qr-host.js";
import { decomposeSingular } from "../host/svd-host.js";
import { solveTriangular } from "../host/triangular-solve-host.js";
import { readHostValues, writeHostValues } from "./host-values.js";
import type { LinalgKernelName } from "./names.js";

/** Rounding unit of the elimination: a pivot below n times it, relative to its column, is that of a singular matrix. */
const PIVOT_EPSILON = 2 ** -52;

/** The matrices of the inputs of one batch member, in double precision, and their orders. */
interface Member {
  values: readonly Float64Array[];
  rows: readonly number[];
  columns: readonly number[];
  attrs: Record<string, unknown>;
}

type HostFunction = (member: Member) => readonly ArrayLike<number>[];
type Shapes = (
  m: number,
  n: number,
  k: number,
  attrs: Record<string, unknown>,
) => readonly (readonly number[])[];

const square: Shapes = (n) => [[n, n]];
const rightSides: Shapes = (n, _, k) => [[n, k]];

/** Turns a function of one matrix in double precision into a kernel over batches of float32. */
function hostKernel(caller: string, names: readonly string[], shapes: Shapes, compute: HostFunction) {
  return (engineName: string): KernelFunc =>
    ({ inputs, backend, attrs }) => {
      const given = inputs as NamedTensorInfoMap;
      const device = backend as KernelBackend;
      const tensors = names.map((name) => given[name]!);
      const flat = tensors.map((t, i) => readHostValues(device, caller, names[i]!, t, engineName));
      const rows = tensors.map((t) => t.shape.at(-2)!);
      const columns = tensors.map((t) => t.shape.at(-1)!);
      const batch = tensors[0]!.shape.slice(0, -2);
      const count = batch.reduce((product, size) => product * size, 1);
      const options = (attrs ?? {}) as Record<string, unknown>;
      const outShapes = shapes(rows[0]!, columns[0]!, columns[1] ?? 0, options);
      const sizes = outShapes.map((shape) => shape.reduce((product, size) => product * size, 1));
      const outputs = sizes.map((size) => new Float32Array(count * size));
      for (let member = 0; member < count; member++) {
        const values = flat.map((all, i) => {
          const size = rows[i]! * columns[i]!;
          return Float64Array.from(all.subarray(member * size, (member + 1) * size));
        });
        const results = compute({ values, rows, columns, attrs: options });
        results.forEach((result, i) => {
          outputs[i]!.set(result, member * sizes[i]!);
        });
      }
      const infos: TensorInfo[] = outputs.map((values, i) =>
        writeHostValues(device, values, [...batch, ...outShapes[i]!]),
      );
      return infos.length === 1 ? infos[0]! : infos;
    };
}

/** Kernels on typed arrays in double precision, for the backend with the given engine name. */
export const hostKernels: Record<LinalgKernelName, (engineName: string) => KernelFunc> = {
  LabCholesky: hostKernel("cholesky", ["a"], square, ({ values: [a], rows: [n] }) => [
    factorCholesky("cholesky", a!, n!),
  ]),
  LabTriangularSolve: hostKernel(
    "triangularSolve",
    ["l", "b"],
    rightSides,
    ({ values: [l, b], rows: [n], columns: [, k], attrs }) => {
      solveTriangular("triangularSolve", l!, b!, n!, k!, attrs.lower === true, attrs.transpose === true);
      return [b!];
    },
  ),
  LabSolve: hostKernel("solve", ["a", "b"], rightSides, ({ values: [a, b], rows: [n], columns: [, k] }) => [
    solveLu("solve", a!, b!, n!, k!, PIVOT_EPSILON),
  ]),
  LabSlogdet: hostKernel(
    "slogdet",
    ["a"],
    () => [[], []],
    ({ values: [a], rows: [n] }) => {
      const { sign, logAbs } = slogdetLu(a!, n!);
      return [[sign], [logAbs]];
    },
  ),
  LabEigh: hostKernel(
    "eigh",
    ["a"],
    (n) => [[n], [n, n]],
    ({ values: [a], rows: [n] }) => {
      const { values, vectors } = decomposeSymmetric("eigh", a!, n!, true);
      return [values, vectors];
    },
  ),
  LabEigvalsh: hostKernel(
    "eigvalsh",
    ["a"],
    (n) => [[n]],
    ({ values: [a], rows: [n] }) => [decomposeSymmetric("eigvalsh", a!, n!, false).values],
  ),
  LabSvd: hostKernel(
    "svd",
    ["a"],
    (m, n, _, attrs) => {
      const k = Math.min(m, n);
      return attrs.fullMatrices === true ? [[m, m], [k], [n, n]] : [[m, k], [k], [k, n]];
    },
    ({ values: [a], rows: [m], columns: [n], attrs }) => {
      const { u, s, vt } = decomposeSingular("svd", a!, m!, n!, true, attrs.fullMatrices === true);
      return [u, s, vt];
    },
  ),
  LabSvdvals: hostKernel(
    "svdvals",
    ["a"],
    (m, n) => [[Math.min(m, n)]],
    ({ values: [a], rows: [m], columns: [n] }) => [decomposeSingular("svdvals", a!, m!, n!, false, false).s],
  ),
  LabQr: hostKernel(
    "qr",
    ["a"],
    (m, n) => [
      [m, Math.min(m, n)],
      [Math.min(m, n), n],
    ],
    ({ values: [a], rows: [m], columns: [n] }) => {
      const { q, r } = factorQr(a!, m!, n!);
      return [q, r];
    },
  ),
};
