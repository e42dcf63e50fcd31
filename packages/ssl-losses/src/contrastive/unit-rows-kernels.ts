import { registerHostKernel } from "@lab/core/host-kernel";

/** Names of the kernels. */
export const [UNIT_ROWS, UNIT_ROWS_GRADIENT] = ["LabUnitRows", "LabUnitRowsGradient"] as const;

/** Norm below which a row is zero; float32 squares of smaller numbers vanish. */
export const TINY = 1e-12;

/**
 * Registers, where tensors are in this process's memory, rows brought to norm 1 and their gradient: one pass each instead of a
 * dozen small operations.
 */
export function registerUnitRows(): void {
  registerHostKernel({
    name: UNIT_ROWS,
    inputs: ["x"],
    outputShapes: ([shape]) => [shape!, [shape![0]!, 1]],
    compute([x], [z, inverse], [shape]) {
      const [count, dim] = shape as [number, number];
      for (let row = 0, at = 0; row < count; row++, at += dim) {
        let sum = 0;
        for (let k = at; k < at + dim; k++) sum += x![k]! * x![k]!;
        const norm = Math.sqrt(sum);
        const factor = norm > TINY ? 1 / norm : norm <= TINY ? 0 : Number.NaN;
        for (let k = at; k < at + dim; k++) z![k] = x![k]! * factor;
        inverse![row] = factor;
      }
    },
  });
  registerHostKernel({
    name: UNIT_ROWS_GRADIENT,
    inputs: ["dy", "z", "inverse"],
    outputShapes: ([shape]) => [shape!],
    compute([dy, z, inverse], [dx], [shape]) {
      const [count, dim] = shape as [number, number];
      for (let row = 0, at = 0; row < count; row++, at += dim) {
        let along = 0;
        for (let k = at; k < at + dim; k++) along += dy![k]! * z![k]!;
        const factor = inverse![row]!;
        for (let k = at; k < at + dim; k++) dx![k] = (dy![k]! - z![k]! * along) * factor;
      }
    },
  });
}
