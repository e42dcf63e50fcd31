import { type PointSource, type Rows, readChunk, readRows } from "./points.js";

/** Two sets of rows as one: in memory when both are, else a source over both. */
export async function concatenated(first: Rows, second: Rows): Promise<Rows> {
  const n = first.n + second.n;
  const { d } = first;
  if (first.data !== null && second.data !== null) {
    const data = joined(first.data, second.data);
    const dtype =
      data instanceof Uint8Array ? "uint8" : data instanceof Float32Array ? "float32" : ("float64" as const);
    return { n, d, dtype, data, source: null };
  }
  const source: PointSource = {
    shape: [n, d],
    dtype: "float64",
    async chunk(start, count) {
      const inFirst = Math.max(0, Math.min(count, first.n - start));
      const out = new Float64Array(count * d);
      if (inFirst > 0) out.set(Float64Array.from(await readChunk(first, start, inFirst)));
      if (inFirst < count) {
        const rest = await readChunk(second, Math.max(0, start - first.n), count - inFirst);
        out.set(Float64Array.from(rest), inFirst * d);
      }
      return out;
    },
    async rows(index) {
      const out = new Float64Array(index.length * d);
      for (const [k, i] of index.entries()) {
        const row =
          i < first.n
            ? await readRows(first, Int32Array.of(i))
            : await readRows(second, Int32Array.of(i - first.n));
        out.set(row, k * d);
      }
      return out;
    },
  };
  return { n, d, dtype: "float64", data: null, source };
}

function joined(a: NonNullable<Rows["data"]>, b: NonNullable<Rows["data"]>): NonNullable<Rows["data"]> {
  const length = a.length + b.length;
  const isSame = a.constructor === b.constructor;
  const out = !isSame
    ? new Float64Array(length)
    : a instanceof Uint8Array
      ? new Uint8Array(length)
      : a instanceof Float32Array
        ? new Float32Array(length)
        : new Float64Array(length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
