import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { CsvError, parse } from "csv-parse";
import { DataError } from "../errors/index.js";
import type { Dataset } from "./dataset.js";
import { fromPlan } from "./from-plan.js";

/** One row: values by column name. */
export type CsvRow = Record<string, string | number>;

/** Options of {@link csv}. */
export interface CsvOptions {
  /** Names of the columns; by default the first line has them. */
  columns?: readonly string[];
  /** What separates values. @defaultValue `","` */
  delimiter?: string;
  /** Turns texts that are numbers into numbers. @defaultValue true */
  numbers?: boolean;
  /** Lines that begin with this are left out. */
  comment?: string;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * The rows of a CSV file, plain or gzipped (`.gz`), read as they are asked for.
 *
 * @param path - The file.
 * @param options - See {@link CsvOptions}.
 * @returns Rows in the order of the file; each pass reads it again.
 * @throws {@link DataError} with the path while iterating, when the file cannot be read or a line has another number of
 * values than there are columns.
 */
export function csv(path: string, options: CsvOptions = {}): Dataset<CsvRow> {
  const { columns, delimiter = ",", numbers = true, comment } = options;
  return fromPlan<CsvRow>({
    iterate: async function* () {
      const parser = parse({
        columns: columns === undefined ? true : [...columns],
        delimiter,
        bom: true,
        skip_empty_lines: true,
        trim: true,
        ...(comment !== undefined && { comment }),
        ...(numbers && { cast: (text, { header }) => (!header && NUMBER.test(text) ? Number(text) : text) }),
      });
      const file = createReadStream(path);
      const unpacked = path.endsWith(".gz") ? createGunzip() : undefined;
      const done = () => undefined; // errors reach the loop below through the parser
      if (unpacked) pipeline(file, unpacked, parser, done);
      else pipeline(file, parser, done);
      try {
        for await (const row of parser) yield row as CsvRow;
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        const offset = cause instanceof CsvError ? (cause.bytes as number | undefined) : undefined;
        throw new DataError(
          `csv: ${path} cannot be read (${reason}); a CSV file with as many values in each line as columns was expected`,
          { path, offset },
          { cause },
        );
      } finally {
        file.destroy();
      }
    },
  });
}
