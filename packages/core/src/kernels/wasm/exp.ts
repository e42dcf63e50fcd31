import { registerWasmKernel } from "./wasm-kernel.js";

/**
 * Registers the exponential of floats, four at once, and two kernels of losses over pairs:
 *
 * - `LabExpSums` of `x [rows,columns]`: $E_{ij} = e^{x_{ij}}$, its sums by rows and by columns. With the attribute
 *   `withoutDiagonal` entries $E_{ii}$ are 0.
 * - `LabTimesOuterSum` of `x [rows,columns]`, `u [rows]` and `v [columns]`: $x_{ij} (u_i + v_j)$.
 */
export function registerExp(): void {
  registerWasmKernel("Exp", (run, { x }, attrs) => {
    if (x!.dtype !== "float32") return run.call("Exp", { x: x! }, attrs);
    const out = run.make(x!.shape);
    const count = out.shape.reduce((a, b) => a * b, 1);
    run.simd.exp(run.address(out), run.address(x!), count);
    return out;
  });
  registerWasmKernel("LabExpSums", (run, { x }, { withoutDiagonal }) => {
    const [rows, columns] = x!.shape as [number, number];
    const [e, rowSums, columnSums] = [run.make([rows, columns]), run.make([rows]), run.zeros([columns])];
    const values = run.values(x!);
    const diagonal = Array.from({ length: withoutDiagonal ? Math.min(rows, columns) : 0 }, (_, i) => {
      const at = i * columns + i;
      const value = values[at]!;
      values[at] = Number.NEGATIVE_INFINITY;
      return value;
    });
    const address = [e, x!, rowSums, columnSums].map((tensor) => run.address(tensor)) as [
      number,
      number,
      number,
      number,
    ];
    run.simd.expSums(address[0], address[1], rows, columns, address[2], address[3]);
    for (const [i, value] of diagonal.entries()) values[i * columns + i] = value;
    return [e, rowSums, columnSums];
  });
  registerWasmKernel("LabTimesOuterSum", (run, { x, u, v }) => {
    const [rows, columns] = x!.shape as [number, number];
    const out = run.make([rows, columns]);
    run.simd.timesOuterSum(
      run.address(out),
      run.address(x!),
      rows,
      columns,
      run.address(u!),
      run.address(v!),
    );
    return out;
  });
}
