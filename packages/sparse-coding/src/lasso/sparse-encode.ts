import { ArgumentError, checkChoice, checkInteger, checkNumber, checkShape } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkNorms, checkPair, checkScales, type HostGram, readGram } from "./check-problem.js";
import { type RowProblem, rowSolver } from "./coordinate-descent.js";
import { fistaCodes } from "./fista.js";
import { addRidge, maskedSolver, type SolveRow } from "./masked-rows.js";
import { pursuit } from "./matching-pursuit.js";
import { type SparseCodes, sparseCodes } from "./sparse-codes.js";

/** Options of {@link sparseEncode}. */
export interface SparseEncodeOptions {
  /**
   * `"cd"`: coordinate descent on the host. `"fista"`: on the device. `"omp"`: orthogonal matching pursuit, for atoms of norm 1.
   * `"threshold"`: soft threshold of the correlations. @defaultValue `"auto"`: `"fista"` on a GPU, else `"cd"`
   */
  algorithm?: "auto" | "cd" | "fista" | "omp" | "threshold";
  /** Weight of the l1 norm, one or one for each atom (`"cd"` only). @defaultValue 1 */
  alpha?: number | tf.Tensor1D;
  /** Weight of half the squared norm of the codes (`"cd"` only). @defaultValue 0 */
  l2?: number;
  /** Most atoms of a row, for `"omp"`. @defaultValue a tenth of the data's components, at least 1 */
  nonzero?: number;
  /** Squared residual at which `"omp"` ends. @defaultValue 0 */
  errorTolerance?: number;
  /** Whether codes are non-negative; not for `"omp"`. @defaultValue false */
  positive?: boolean;
  /** Which values of `y` count, 0 or 1, same shape (`"cd"` only): codes of incomplete data. @defaultValue all */
  mask?: tf.Tensor2D;
  /** Gap relative to the squared norm of a row, the meaning of scikit-learn's `tol`. @defaultValue 1e-4 */
  tolerance?: number;
  /** Most sweeps or iterations. @defaultValue 1000 */
  maxIterations?: number;
  /** Start of `"cd"` and `"fista"`, shape `[N, l]`. @defaultValue zeros */
  init?: tf.Tensor2D;
  /**
   * Whether a row that does not reach the tolerance is an error instead of `converged: false` in the result.
   * @defaultValue false
   */
  requireConvergence?: boolean;
}

/**
 * Sparse codes of data against a fixed dictionary, in the textbook's scaling.
 *
 * $\min_z \frac12 \lVert y - D z \rVert^2 + \alpha \lVert z \rVert_1 + \frac{l_2}{2}\lVert z \rVert^2$ for each row, or the best few
 * atoms with `"omp"`.
 *
 * @param y - Data, shape `[N, d]`.
 * @param dictionary - Atoms as columns, shape `[d, l]`.
 * @param o - See {@link SparseEncodeOptions}.
 * @returns See {@link SparseCodes}.
 * @throws {@link ShapeError}, {@link ArgumentError} for arguments that do not fit, such as atoms of another norm than 1 with
 * `"omp"`; {@link NumericalError} with the gap reached when `requireConvergence` is set and a row does not converge.
 * @remarks Coordinate descent costs about the square of the number of atoms in use for each row; the products with the data
 * run on the device.
 * @see Fercoq, Gramfort, Salmon (2015), Mind the duality gap; Massias, Gramfort, Salmon (2018), Celer.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { sparseEncode } from "@lab/sparse-coding";
 *
 * await init();
 * const coded = await sparseEncode(tf.tensor2d([[3, -0.5, -2]]), tf.eye(3), { alpha: 1 });
 * Array.from(await coded.codes.data()); // => [2, 0, -1]
 * Array.from(coded.toCSR().indices); // => [0, 2]
 * ```
 */
export async function sparseEncode(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  o: SparseEncodeOptions = {},
): Promise<SparseCodes> {
  const plan = await checkOptions(y, dictionary, o);
  const { algorithm, positive, tolerance, maxIterations, alpha } = plan;
  const [rows, l] = [y.shape[0], dictionary.shape[1]];
  const judgement = { caller: CALLER, tolerance, isRequired: o.requireConvergence ?? false };
  if (algorithm === "fista") {
    const solved = await fistaCodes(y, dictionary, {
      ...{ alpha: alpha[0]!, positive, tolerance, maxIterations },
      init: o.init,
    });
    return sparseCodes(solved, l, judgement);
  }
  const seen = o.mask ? (tf.mul(y, o.mask) as tf.Tensor2D) : tf.clone(y);
  const host = await readGram(seen, dictionary);
  seen.dispose();
  const norms = Float64Array.from({ length: l }, (_, j) => host.gram[j * l + j]!);
  checkNorms(CALLER, norms, algorithm === "omp" ? "omp" : undefined);
  checkScales(CALLER, host.scales);
  const codes = new Float32Array(rows * l);
  if (o.init && algorithm === "cd") codes.set(await o.init.data());
  const problem = { alpha, positive, tolerance, maxSweeps: maxIterations };
  const masked = o.mask && (await maskedSolver(dictionary, o.mask, plan.l2, problem));
  // From here to the last row nothing may wait: a solver of another call would take the room of this one's.
  const solve = masked || rowsOf(host, y.shape[1], o, plan, problem);
  const gap = new Float64Array(rows);
  const iterations = new Int32Array(rows);
  for (let n = 0; n < rows; n++) {
    const [from, to] = [n * l, (n + 1) * l];
    const outcome = solve(host.target.subarray(from, to), host.scales[n]!, codes.subarray(from, to), n);
    gap[n] = outcome.gap;
    iterations[n] = outcome.sweeps;
  }
  const solved = { values: codes, gap, iterations, scales: host.scales };
  return sparseCodes(solved, l, algorithm === "cd" ? judgement : undefined);
}

const CALLER = "sparseEncode";

type Plan = Awaited<ReturnType<typeof checkOptions>>;

/** Checks all options; the algorithm is chosen here. */
async function checkOptions(y: tf.Tensor2D, dictionary: tf.Tensor2D, o: SparseEncodeOptions) {
  checkPair(CALLER, y, dictionary);
  const l = dictionary.shape[1];
  const choices = ["auto", "cd", "fista", "omp", "threshold"] as const;
  const asked = checkChoice(CALLER, "algorithm", o.algorithm ?? "auto", choices);
  const needsHost = typeof o.alpha === "object" || o.l2 !== undefined || o.mask !== undefined;
  const isGpu = tf.getBackend() === "webgpu" || tf.getBackend() === "webgl";
  const algorithm = asked !== "auto" ? asked : isGpu && !needsHost ? "fista" : "cd";
  const positive = o.positive ?? false;
  const refuse = (expected: string) => {
    throw new ArgumentError(`${CALLER}: algorithm is "${algorithm}"; ${expected}`, {
      argument: "algorithm",
      value: algorithm,
    });
  };
  if (needsHost && algorithm !== "cd") refuse('"cd" was expected with a mask, l2 or one alpha for each atom');
  if (algorithm === "omp" && positive) refuse('"cd" or "fista" was expected with positive codes');
  if (o.init) checkShape(CALLER, "init", o.init, [y.shape[0], l]);
  if (o.mask) checkShape(CALLER, "mask", o.mask, y.shape);
  const alpha = new Float64Array(l);
  if (typeof o.alpha === "object") {
    checkShape(CALLER, "alpha", o.alpha, [l]);
    alpha.set(await o.alpha.data());
    for (const [j, value] of alpha.entries()) checkNumber(CALLER, `alpha[${j}]`, value, { min: 0 });
  } else alpha.fill(checkNumber(CALLER, "alpha", o.alpha ?? 1, { min: 0 }));
  return {
    algorithm,
    positive,
    alpha,
    tolerance: checkNumber(CALLER, "tolerance", o.tolerance ?? 1e-4, { min: 0 }),
    maxIterations: checkInteger(CALLER, "maxIterations", o.maxIterations ?? 1000, { min: 1 }),
    l2: checkNumber(CALLER, "l2", o.l2 ?? 0, { min: 0 }),
  };
}

/** The algorithm, row by row. */
function rowsOf(
  { gram }: HostGram,
  dataDim: number,
  o: SparseEncodeOptions,
  { algorithm, positive, alpha, l2 }: Plan,
  problem: Omit<RowProblem, "gram">,
): SolveRow {
  const l = alpha.length;
  if (algorithm === "threshold") {
    return (target, _, z) => {
      for (let j = 0; j < l; j++) {
        const size = Math.max(0, Math.abs(target[j]!) - alpha[j]!);
        if (target[j]! > 0 || !positive) z[j] = Math.sign(target[j]!) * size;
      }
      return { gap: Number.NaN, sweeps: 0 };
    };
  }
  if (algorithm === "omp") {
    const usual = o.errorTolerance === undefined ? Math.max(1, Math.floor(0.1 * dataDim)) : l;
    return pursuit(new Float64Array(gram), l, {
      nonzero: checkInteger(CALLER, "nonzero", o.nonzero ?? Math.min(l, usual), { min: 1, max: l }),
      errorTolerance: checkNumber(CALLER, "errorTolerance", o.errorTolerance ?? 0, { min: 0 }),
    });
  }
  addRidge(gram, l, l2);
  return rowSolver({ ...problem, gram }).solve;
}
