// The naive loop: one program of HiGHS (wasm) a query.
import loadHighs from "highs";

const highs = await loadHighs();

/** Whether q is in the hull, by the elastic program with presolve off: the best of the configurations tried. */
export function elastic(x, n, d, q) {
  return solve(x, n, d, q, false) < 1e-7;
}

/** Distance of q from the hull by the quadratic program min ½‖p‖², p = Σ λ (x − q). */
export function distance(x, n, d, q) {
  return Math.sqrt(2 * Math.max(0, solve(x, n, d, q, true)));
}

function solve(x, n, d, q, isQuadratic) {
  // Columns: λ, then s⁺ and s⁻ of each coordinate, or p itself.
  const numSlack = isQuadratic ? d : 2 * d;
  const numCols = n + numSlack;
  const starts = new Int32Array(numCols + 1);
  const indices = new Int32Array(n * (d + 1) + numSlack);
  const values = new Float64Array(indices.length);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      indices[at] = j;
      values[at++] = x[i * d + j] - q[j];
    }
    indices[at] = d;
    values[at++] = 1;
    starts[i + 1] = at;
  }
  for (let c = 0; c < numSlack; c++) {
    indices[at] = isQuadratic ? c : c >> 1;
    values[at++] = isQuadratic || c % 2 ? -1 : 1;
    starts[n + c + 1] = at;
  }
  const right = new Float64Array(d + 1);
  right[d] = 1;
  const lower = new Float64Array(numCols);
  if (isQuadratic) lower.fill(-highs.infinity, n);
  const model = {
    numCols,
    numRows: d + 1,
    colCost: Float64Array.from({ length: numCols }, (_, c) => (c < n || isQuadratic ? 0 : 1)),
    colLower: lower,
    colUpper: new Float64Array(numCols).fill(highs.infinity),
    rowLower: right,
    rowUpper: right,
    matrix: { format: "csc", numRows: d + 1, numCols, starts, indices, values },
  };
  if (isQuadratic) {
    model.hessian = {
      format: "triangular",
      dimension: numCols,
      starts: Int32Array.from({ length: numCols + 1 }, (_, c) => Math.max(0, c - n)),
      indices: Int32Array.from({ length: d }, (_, c) => n + c),
      values: new Float64Array(d).fill(1),
    };
  }
  return highs.withModel(model, (program) => {
    program.options.set({ output_flag: false, ...(!isQuadratic && { presolve: "off" }) });
    program.run();
    return program.getObjectiveValue();
  });
}
