import { ArgumentError, DataError } from "@lab/core";
import type { PointSource } from "./points.js";

/** Options of {@link csvSource}. */
export interface CsvSourceOptions {
  /** What separates numbers. @defaultValue `","` */
  delimiter?: string;
  /** Whether the first line is left out; `auto`: when none of its cells is a number. @defaultValue `"auto"` */
  header?: boolean | "auto";
}

/** Rows between two known places in the file. */
const STEP = 256;

/**
 * Rows of a CSV file of numbers, one row a line, empty lines left out; read in pieces.
 *
 * The file is read once to check every number and to note where each 256th row begins, and again wherever rows are asked
 * for: nothing else is kept.
 *
 * @param path - The file; not compressed, since rows are read from their places.
 * @param options - See {@link CsvSourceOptions}.
 * @throws `DataError` with the line when it cannot be read, a cell is no number, or a line has another number of cells.
 */
export async function csvSource(path: string, options: CsvSourceOptions = {}): Promise<PointSource> {
  const { delimiter = ",", header = "auto" } = options;
  if (typeof delimiter !== "string" || delimiter.length !== 1) {
    throw new ArgumentError(
      `csvSource: delimiter is ${JSON.stringify(delimiter)}; one character was expected`,
      { argument: "delimiter", value: delimiter },
    );
  }
  const places: number[] = [];
  let n = 0;
  let d = 0;
  let lineNumber = 0;
  for await (const { text, offset } of linesOf(path, 0)) {
    lineNumber++;
    if (text === "") continue;
    const cells = text.split(delimiter);
    const isFirst = n === 0 && d === 0;
    const isHeader = header === "auto" ? cells.every((cell) => Number.isNaN(numberOf(cell))) : header;
    if (isFirst) {
      d = cells.length;
      if (isHeader) continue;
    }
    if (cells.length !== d || cells.some((cell) => Number.isNaN(numberOf(cell)))) {
      throw new DataError(
        `csvSource: ${path} line ${lineNumber} is "${text.slice(0, 60)}"; ${d} numbers were expected`,
        { path, offset },
      );
    }
    if (n % STEP === 0) places.push(offset);
    n++;
  }
  if (n === 0) throw new DataError(`csvSource: ${path} has no rows; at least one was expected`, { path });

  const read = async (start: number, count: number, out: Float64Array, at: number): Promise<void> => {
    let row = start - (start % STEP);
    const end = start + count;
    for await (const { text } of linesOf(path, places[(start / STEP) | 0]!)) {
      if (text === "") continue;
      if (row >= start) {
        const cells = text.split(delimiter);
        for (let j = 0; j < d; j++) out[at + (row - start) * d + j] = numberOf(cells[j] ?? "");
      }
      if (++row >= end) return;
    }
    throw new DataError(`csvSource: ${path} ends at row ${row}; ${n} rows were there before`, { path });
  };
  return {
    shape: [n, d],
    dtype: "float64",
    chunk: async (start, count) => {
      const out = new Float64Array(count * d);
      if (count > 0) await read(start, count, out, 0);
      return out;
    },
    rows: async (index) => {
      const out = new Float64Array(index.length * d);
      for (const [k, i] of index.entries()) await read(i, 1, out, k * d);
      return out;
    },
  };
}

/** A finite number, or NaN. */
function numberOf(cell: string): number {
  const trimmed = cell.trim();
  if (trimmed === "") return Number.NaN;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : Number.NaN;
}

/** Lines of a file from a byte on, with the places where they begin. */
async function* linesOf(path: string, from: number): AsyncGenerator<{ text: string; offset: number }> {
  const { open } = await import("node:fs/promises");
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new DataError(
      `csvSource: ${path} cannot be opened; a readable file was expected`,
      { path },
      { cause },
    );
  });
  const decoder = new TextDecoder();
  const line = (bytes: Uint8Array) =>
    decoder
      .decode(bytes)
      .replace(/^\uFEFF/, "")
      .trim();
  try {
    const buffer = new Uint8Array(1 << 16);
    let rest = new Uint8Array(0);
    let offset = from;
    for (let position = from; ; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const joined = new Uint8Array(rest.length + bytesRead);
      joined.set(rest);
      joined.set(buffer.subarray(0, bytesRead), rest.length);
      let begin = 0;
      for (let end = joined.indexOf(10); end >= 0; end = joined.indexOf(10, begin)) {
        yield { text: line(joined.subarray(begin, end)), offset: offset + begin };
        begin = end + 1;
      }
      rest = joined.slice(begin);
      offset += begin;
    }
    if (rest.length > 0) yield { text: line(rest), offset };
  } finally {
    await file.close();
  }
}
