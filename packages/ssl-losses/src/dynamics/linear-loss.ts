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
  if (kind === "dot") return dotGradient(weights, x, y, dim, temperature);
  const wt = transposed(weights, dim);
  const { loss, da, db } = euclideanLoss(product(x, wt, dim), product(y, wt, dim), dim);
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

/** The transpose, with rows of zeros up to a multiple of four. */
function paddedTranspose(y: Float64Array, dim: number): Float64Array {
  const n = y.length / dim;
  const out = new Float64Array(4 * Math.ceil(dim / 4) * n);
  for (let j = 0; j < n; j++) for (let k = 0; k < dim; k++) out[k * n + j] = y[j * dim + k]!;
  return out;
}

/** `out` becomes `scale` times the sum of rows of `yt`, weighted by `dim` numbers of `h` from `from` on. */
function combineColumns(
  out: Float64Array,
  h: Float64Array,
  from: number,
  dim: number,
  yt: Float64Array,
  scale: number,
): void {
  const n = out.length;
  const at = (k: number) => (k < dim ? scale * h[from + k]! : 0);
  out.fill(0);
  // Four rows at a time: one pass over `out` instead of four.
  for (let k = 0; k * n < yt.length; k += 4) {
    const [a, b, c, d] = [at(k), at(k + 1), at(k + 2), at(k + 3)] as [number, number, number, number];
    const [p, q, r, s] = [k * n, (k + 1) * n, (k + 2) * n, (k + 3) * n] as [number, number, number, number];
    for (let j = 0; j < n; j++) out[j]! += a * yt[p + j]! + b * yt[q + j]! + c * yt[r + j]! + d * yt[s + j]!;
  }
}

/** `out` becomes the products of `row` with the rows of `yt`. */
function dotColumns(out: Float64Array, row: Float64Array, yt: Float64Array): void {
  const n = row.length;
  for (let k = 0; k < out.length; k += 4) {
    const [p, q, r, s] = [k * n, (k + 1) * n, (k + 2) * n, (k + 3) * n] as [number, number, number, number];
    let [a, b, c, d] = [0, 0, 0, 0] as [number, number, number, number];
    for (let j = 0; j < n; j++) {
      const value = row[j]!;
      a += value * yt[p + j]!;
      b += value * yt[q + j]!;
      c += value * yt[r + j]!;
      d += value * yt[s + j]!;
    }
    out[k] = a;
    out[k + 1] = b;
    out[k + 2] = c;
    out[k + 3] = d;
  }
}

/**
 * Cross entropy of $x_i^\top W^\top W y_j / \tau$ over j. Both embeddings go through the same weights, so that with
 * $S = X^\top G Y$ of the slopes $G$ of the logits the gradient is $W (S + S^\top)$.
 */
function dotGradient(
  weights: Float64Array,
  x: Float64Array,
  y: Float64Array,
  dim: number,
  temperature: number,
): { loss: number; gradient: Float64Array } {
  const n = x.length / dim;
  const h = product(x, crossProduct(weights, weights, dim), dim);
  const yt = paddedTranspose(y, dim);
  const s = new Float64Array(dim * dim);
  const row = new Float64Array(n);
  const q = new Float64Array(yt.length / n);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    combineColumns(row, h, i * dim, dim, yt, 1 / temperature);
    let largest = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < n; j++) if (row[j]! > largest) largest = row[j]!;
    const positive = row[i]!;
    let sum = 0;
    for (let j = 0; j < n; j++) {
      const e = Math.exp(row[j]! - largest);
      row[j] = e;
      sum += e;
    }
    loss += largest + Math.log(sum) - positive;
    row[i]! -= sum;
    dotColumns(q, row, yt);
    const slope = 1 / (sum * n * temperature);
    for (let k = 0; k < dim; k++) {
      const xk = slope * x[i * dim + k]!;
      for (let l = 0; l < dim; l++) s[k * dim + l]! += xk * q[l]!;
    }
  }
  const st = transposed(s, dim);
  for (let at = 0; at < s.length; at++) s[at]! += st[at]!;
  return { loss: loss / n, gradient: product(weights, s, dim) };
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
