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
