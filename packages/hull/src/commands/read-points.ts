import { DataError } from "@lab/core";
import { csvSource, idxSource, npySource } from "../points/file-sources.node.js";
import { type PointArray, type PointSource, readAll } from "../points/points.js";

/** Bytes up to which a file is read whole: faces and exact arithmetic need the rows in memory. */
const MAX_HELD = 1e9;

/** Rows of an npy, IDX (also gzipped) or CSV file; in memory where they fit. */
export async function readPoints(path: string): Promise<PointArray | PointSource> {
  if (path.endsWith(".npy")) return await held(await npySource(path));
  if (path.endsWith(".csv")) return await held(await csvSource(path));
  if (/idx\d?-ubyte(\.gz)?$|\.idx(\.gz)?$/.test(path)) {
    if (!path.endsWith(".gz")) return await held(await idxSource(path));
    const { idx } = await import("@lab/core/data");
    const { data, shape } = await idx(path);
    const [n, ...rest] = shape as [number, ...number[]];
    return { data: Uint8Array.from(data), shape: [n, rest.reduce((a, b) => a * b, 1)] };
  }
  throw new DataError(`hull: ${path} has an unknown ending; .npy, .csv or an IDX file was expected`, {
    path,
  });
}

async function held(source: PointSource): Promise<PointArray | PointSource> {
  const [n, d] = source.shape;
  return n * d * (source.dtype === "uint8" ? 1 : 8) <= MAX_HELD ? await inMemory(source) : source;
}

/** Points in memory. */
export async function inMemory(points: PointArray | PointSource): Promise<PointArray> {
  if (!("chunk" in points)) return points;
  const [n, d] = points.shape;
  if (points.dtype === "uint8") return { data: Uint8Array.from(await points.chunk(0, n)), shape: [n, d] };
  return {
    data: await readAll({ n, d, dtype: points.dtype, data: null, source: points }),
    shape: [n, d],
  };
}
