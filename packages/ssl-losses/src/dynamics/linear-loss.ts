import { crossProduct, product, transposed } from "./small-matrix.js";

/** Mean loss of a batch and its gradient to the weights `[dim, dim]`, in double precision. */
export function contrastiveGradient(
  weights: Float64Array,
  x: Float64Array,
  y: Float64Array,
  dim: number,
  kind: "dot" | "euclidean",
  temperature: number,
): { loss: number; gradient: Float64Array } {
  const wt = transposed(weights, dim);
  const [a, b] = [product(x, wt, dim), product(y, wt, dim)];
  const { loss, da, db } = kind === "dot" ? dotLoss(a, b, dim, temperature) : euclideanLoss(a, b, dim);
  const gradient = crossProduct(da, x, dim);
  const second = crossProduct(db, y, dim);
  for (let at = 0; at < gradient.length; at++) gradient[at]! += second[at]!;
  return { loss, gradient };
}

interface EmbeddingGradients {
  loss: number;
  da: Float64Array;
  db: Float64Array;
}

/** Rows of norm 1 and the norms. */
function unit(x: Float64Array, dim: number): { z: Float64Array; norms: Float64Array } {
  const z = Float64Array.from(x);
  const norms = new Float64Array(x.length / dim);
  for (let i = 0; i < norms.length; i++) {
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += z[i * dim + k]! ** 2;
    norms[i] = Math.sqrt(sum) || 1;
    for (let k = 0; k < dim; k++) z[i * dim + k]! /= norms[i]!;
  }
  return { z, norms };
}

/** Gradient through the division by the norm. */
function pullBack(dz: Float64Array, z: Float64Array, norms: Float64Array, dim: number): Float64Array {
  const out = new Float64Array(dz.length);
  for (let i = 0; i < norms.length; i++) {
    let along = 0;
    for (let k = 0; k < dim; k++) along += dz[i * dim + k]! * z[i * dim + k]!;
    for (let k = 0; k < dim; k++) out[i * dim + k] = (dz[i * dim + k]! - along * z[i * dim + k]!) / norms[i]!;
  }
  return out;
}

function dotLoss(
  first: Float64Array,
  second: Float64Array,
  dim: number,
  temperature: number,
): EmbeddingGradients {
  const [a, b] = [unit(first, dim), unit(second, dim)];
  const n = a.norms.length;
  const [da, db] = [new Float64Array(first.length), new Float64Array(first.length)];
  const e = new Float64Array(n);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    let positive = 0;
    for (let j = 0; j < n; j++) {
      let s = 0;
      for (let k = 0; k < dim; k++) s += a.z[i * dim + k]! * b.z[j * dim + k]!;
      if (i === j) positive = s;
      // Cosines are at most 1, which bounds the exponent.
      e[j] = Math.exp((s - 1) / temperature);
      sum += e[j]!;
    }
    loss += Math.log(sum) + (1 - positive) / temperature;
    for (let j = 0; j < n; j++) {
      const g = (e[j]! / sum - (i === j ? 1 : 0)) / (n * temperature);
      for (let k = 0; k < dim; k++) {
        da[i * dim + k]! += g * b.z[j * dim + k]!;
        db[j * dim + k]! += g * a.z[i * dim + k]!;
      }
    }
  }
  return { loss: loss / n, da: pullBack(da, a.z, a.norms, dim), db: pullBack(db, b.z, b.norms, dim) };
}

function euclideanLoss(z: Float64Array, zAugmented: Float64Array, dim: number): EmbeddingGradients {
  const n = z.length / dim;
  const [da, db] = [new Float64Array(z.length), new Float64Array(z.length)];
  const logits = new Float64Array(n);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < n; j++) {
      const other = i === j ? zAugmented : z;
      let squared = 0;
      for (let k = 0; k < dim; k++) squared += (z[i * dim + k]! - other[j * dim + k]!) ** 2;
      logits[j] = -squared / 2;
      largest = Math.max(largest, logits[j]!);
    }
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.exp(logits[j]! - largest);
    loss += largest + Math.log(sum) - logits[i]!;
    for (let j = 0; j < n; j++) {
      const g = (Math.exp(logits[j]! - largest) / sum - (i === j ? 1 : 0)) / n;
      const [other, dOther] = i === j ? [zAugmented, db] : [z, da];
      for (let k = 0; k < dim; k++) {
        const slope = -g * (z[i * dim + k]! - other[j * dim + k]!);
        da[i * dim + k]! += slope;
        dOther[j * dim + k]! -= slope;
      }
    }
  }
  return { loss: loss / n, da, db };
}
