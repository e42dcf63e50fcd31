import { DataError } from "@lab/core";
import { type PointArray, type PointSource, readAll } from "../points/points.js";
import { idxSource, npySource } from "../points/sources.js";

/** Rows of an npy, IDX (also gzipped) or CSV file. */
export async function readPoints(path: string): Promise<PointArray | PointSource> {
  if (path.endsWith(".npy")) return await npySource(path);
  if (path.endsWith(".csv")) return await readCsv(path);
  if (/idx\d?-ubyte(\.gz)?$|\.idx(\.gz)?$/.test(path)) {
    if (!path.endsWith(".gz")) return await idxSource(path);
    const { idx } = await import("@lab/core/data");
    const { data, shape } = await idx(path);
    const [n, ...rest] = shape as [number, ...number[]];
    return { data: Uint8Array.from(data), shape: [n, rest.reduce((a, b) => a * b, 1)] };
  }
  throw new DataError(`hull: ${path} has an unknown ending; .npy, .csv or an IDX file was expected`, {
    path,
  });
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

/** Numbers separated by commas, one row a line; a first line that holds no number is a header. */
async function readCsv(path: string): Promise<PointArray> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new DataError(`hull: ${path} cannot be read; a readable file was expected`, { path }, { cause });
  });
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length > 0 && lines[0]!.split(",").every((cell) => Number.isNaN(Number(cell)))) lines.shift();
  const d = lines[0]?.split(",").length ?? 0;
  const data = new Float64Array(lines.length * d);
  for (const [i, line] of lines.entries()) {
    const cells = line.split(",");
    if (cells.length !== d || cells.some((cell) => cell.trim() === "" || Number.isNaN(Number(cell)))) {
      throw new DataError(`hull: ${path} row ${i} is "${line.slice(0, 60)}"; ${d} numbers were expected`, {
        path,
      });
    }
    for (const [j, cell] of cells.entries()) data[i * d + j] = Number(cell);
  }
  return { data, shape: [lines.length, d] };
}
