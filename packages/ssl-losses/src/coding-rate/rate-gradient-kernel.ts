import { registerHostKernel } from "@lab/core/host-kernel";

/** Name of the kernel. */
export const RATE_GRADIENT = "LabRateGradient";

/**
 * Registers, where tensors are in this process's memory, the passes over $Z[M_1^{-1} | \dots | M_K^{-1} | M^{-1}]$ of the gradient
 * as one: $\alpha (\dot R\, z_i M^{-1} + \dot R_c \sum_j \pi_{ij} z_i M_j^{-1})$ and $z_i^\top M_j^{-1} z_i$.
 */
export function registerRateGradient(): void {
  registerHostKernel({
    name: RATE_GRADIENT,
    inputs: ["all", "rows", "membership", "dy"],
    outputShapes: ([, rows, membership]) => [rows!, membership!],
    compute([all, rows, membership, dy], [dz, quadratic], shapes, { alpha }) {
      const [count, dim] = shapes[1] as [number, number];
      const numClusters = shapes[2]![1]!;
      const width = (numClusters + 1) * dim;
      const [ofRate, ofCompressed] = [dy![0]! * (alpha as number), dy![1]! * (alpha as number)];
      const sum = new Float64Array(dim);
      for (let i = 0; i < count; i++) {
        const whole = i * width + numClusters * dim;
        for (let d = 0; d < dim; d++) sum[d] = ofRate * all![whole + d]!;
        for (let j = 0; j < numClusters; j++) {
          const from = i * width + j * dim;
          const weight = ofCompressed * membership![i * numClusters + j]!;
          let inner = 0;
          for (let d = 0; d < dim; d++) {
            const value = all![from + d]!;
            sum[d]! += weight * value;
            inner += value * rows![i * dim + d]!;
          }
          quadratic![i * numClusters + j] = inner;
        }
        for (let d = 0; d < dim; d++) dz![i * dim + d] = sum[d]!;
      }
    },
  });
}
