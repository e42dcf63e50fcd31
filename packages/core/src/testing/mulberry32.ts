/**
 * The reference generator of the packages' golden values; for tests only, not for research.
 *
 * @param seed - A 32-bit seed.
 * @returns A function that gives the next number in [0, 1).
 */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Standard normals by Box–Muller from {@link mulberry32}: u₁ below 1e-12 is drawn again, cosine before sine.
 *
 * @param count - How many.
 * @param seed - Seed of the reference generator.
 */
export function gaussians(count: number, seed: number): Float64Array {
  const next = mulberry32(seed);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    let first = next();
    while (first < 1e-12) first = next();
    const radius = Math.sqrt(-2 * Math.log(first));
    const angle = 2 * Math.PI * next();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}
