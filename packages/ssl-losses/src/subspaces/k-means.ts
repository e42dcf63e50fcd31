import type { Generator } from "@lab/core/random";

/** Clusters of rows by Lloyd's algorithm from k-means++ seeds; the best of some restarts by inertia. */
export function kMeans(
  x: ArrayLike<number>,
  dim: number,
  numClusters: number,
  generator: Generator,
  restarts = 3,
): Int32Array {
  let best = { inertia: Number.POSITIVE_INFINITY, labels: new Int32Array(0) };
  for (let restart = 0; restart < restarts; restart++) {
    const result = lloyd(x, dim, numClusters, generator.split(restart));
    if (result.inertia < best.inertia) best = result;
  }
  return best.labels;
}

function squared(x: ArrayLike<number>, i: number, centres: Float64Array, c: number, dim: number): number {
  let sum = 0;
  for (let k = 0; k < dim; k++) sum += (x[i * dim + k]! - centres[c * dim + k]!) ** 2;
  return sum;
}

function seeds(x: ArrayLike<number>, dim: number, numClusters: number, generator: Generator): Float64Array {
  const count = x.length / dim;
  const centres = new Float64Array(numClusters * dim);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const uniforms = generator.float64(numClusters);
  let chosen = Math.floor(uniforms[0]! * count);
  for (let c = 0; c < numClusters; c++) {
    for (let k = 0; k < dim; k++) centres[c * dim + k] = x[chosen * dim + k]!;
    let total = 0;
    for (let i = 0; i < count; i++) {
      nearest[i] = Math.min(nearest[i]!, squared(x, i, centres, c, dim));
      total += nearest[i]!;
    }
    let left = (uniforms[c + 1] ?? 0) * total;
    chosen = 0;
    while (chosen < count - 1 && left > nearest[chosen]!) left -= nearest[chosen++]!;
  }
  return centres;
}

function lloyd(x: ArrayLike<number>, dim: number, numClusters: number, generator: Generator) {
  const count = x.length / dim;
  const centres = seeds(x, dim, numClusters, generator);
  const labels = new Int32Array(count).fill(-1);
  let inertia = 0;
  for (let iteration = 0; iteration < 50; iteration++) {
    let isStable = true;
    inertia = 0;
    for (let i = 0; i < count; i++) {
      let [at, least] = [0, Number.POSITIVE_INFINITY];
      for (let c = 0; c < numClusters; c++) {
        const distance = squared(x, i, centres, c, dim);
        if (distance < least) [at, least] = [c, distance];
      }
      if (labels[i] !== at) isStable = false;
      labels[i] = at;
      inertia += least;
    }
    if (isStable) break;
    const sums = new Float64Array(numClusters * dim);
    const sizes = new Float64Array(numClusters);
    for (let i = 0; i < count; i++) {
      sizes[labels[i]!]! += 1;
      for (let k = 0; k < dim; k++) sums[labels[i]! * dim + k]! += x[i * dim + k]!;
    }
    for (let c = 0; c < numClusters; c++)
      if (sizes[c]! > 0) for (let k = 0; k < dim; k++) centres[c * dim + k] = sums[c * dim + k]! / sizes[c]!;
  }
  return { inertia, labels };
}
