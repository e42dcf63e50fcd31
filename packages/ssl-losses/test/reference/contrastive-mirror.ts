import { unitRows } from "./fill.js";

const dot = (z: Float64Array, d: number, i: number, j: number) => {
  let sum = 0;
  for (let k = 0; k < d; k++) sum += z[i * d + k]! * z[j * d + k]!;
  return sum;
};
const logSumExp = (values: number[]) => {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, v) => sum + Math.exp(v - largest), 0));
};
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Losses by loops over anchors and negatives in double precision; views stacked in `x`. */
export function mirrorLosses(x: ArrayLike<number>, d: number, temperature: number) {
  const z = unitRows(x, d);
  const m = z.length / d;
  const n = m / 2;
  const nt: number[] = [];
  const dcl: number[] = [];
  const cross: number[] = [];
  for (let i = 0; i < m; i++) {
    const p = (i + n) % m;
    const positive = dot(z, d, i, p) / temperature;
    const negatives: number[] = [];
    const others: number[] = [];
    for (let j = 0; j < m; j++) {
      const s = dot(z, d, i, j) / temperature;
      if (j !== i && j !== p) negatives.push(s);
      if (i < n !== j < n) others.push(s);
    }
    nt.push(logSumExp([...negatives, positive]) - positive);
    dcl.push(logSumExp(negatives) - positive);
    cross.push(logSumExp(others) - positive);
  }
  return { ntXent: mean(nt), dcl: mean(dcl), infoNce: mean(cross) };
}

/** Gradient of the mean NT-Xent or DCL loss to all rows, anchor by anchor in double precision. */
export function mirrorGradient(x: ArrayLike<number>, d: number, temperature: number, kind: "ntXent" | "dcl") {
  const z = unitRows(x, d);
  const m = z.length / d;
  const n = m / 2;
  const dz = new Float64Array(z.length);
  const s = new Float64Array(m);
  for (let i = 0; i < m; i++) {
    const p = (i + n) % m;
    let largest = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < m; j++) {
      s[j] = dot(z, d, i, j) / temperature;
      if (j !== i && j !== p) largest = Math.max(largest, s[j]!);
    }
    let sum = 0;
    for (let j = 0; j < m; j++) if (j !== i && j !== p) sum += Math.exp(s[j]! - largest);
    const e = Math.log(sum) + largest - s[p]!;
    const q = kind === "dcl" ? 1 : 1 / (1 + Math.exp(-e));
    for (let j = 0; j < m; j++) {
      if (j === i) continue;
      const share = (q / (m * temperature)) * (j === p ? -1 : Math.exp(s[j]! - largest) / sum);
      for (let k = 0; k < d; k++) {
        dz[i * d + k]! += share * z[j * d + k]!;
        dz[j * d + k]! += share * z[i * d + k]!;
      }
    }
  }
  return dz.map((_, at) => {
    const i = Math.floor(at / d);
    let along = 0;
    let norm = 0;
    for (let k = 0; k < d; k++) {
      along += dz[i * d + k]! * z[i * d + k]!;
      norm += x[i * d + k]! ** 2;
    }
    return (dz[at]! - along * z[at]!) / Math.sqrt(norm);
  });
}
