/** The lasso's objective in double precision. */
export async function objectiveOf(y, dictionary, codes, alpha) {
  const [data, atoms, values] = await Promise.all([y, dictionary, codes].map((t) => t.data()));
  const [rowCount, l] = codes.shape;
  const d = y.shape[1];
  let sum = 0;
  for (let n = 0; n < rowCount; n++) {
    const rest = Float64Array.from(data.subarray(n * d, (n + 1) * d));
    for (let j = 0; j < l; j++) {
      const z = values[n * l + j];
      if (z === 0) continue;
      sum += alpha * Math.abs(z);
      for (let k = 0; k < d; k++) rest[k] -= z * atoms[k * l + j];
    }
    for (let k = 0; k < d; k++) sum += 0.5 * rest[k] * rest[k];
  }
  return sum;
}
