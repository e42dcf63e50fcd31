import { DataError } from "@lab/core";
import { readNpz } from "@lab/core/io";
import { parsePredictions } from "../audit/parse-predictions.js";
import type { AuditInput } from "../audit/types.js";

const COLUMNS = ["setting", "seed", "index", "label", "prediction"] as const;

async function readText(path: string): Promise<string> {
  const [{ readFile }, { gunzipSync }] = await Promise.all([import("node:fs/promises"), import("node:zlib")]);
  try {
    const bytes = await readFile(path);
    return new TextDecoder().decode(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(
      `audit: ${path} cannot be read (${reason}); a table of predictions was expected`,
      { path },
      { cause },
    );
  }
}

/** The columns of an archive as the table that they stand for. */
async function readArchive(path: string): Promise<string> {
  const arrays = await readNpz(path);
  const columns = COLUMNS.map((name) => {
    const array = arrays.get(name);
    if (array?.shape.length !== 1)
      throw new DataError(
        `audit: ${path} has ${array ? `'${name}' of shape [${array.shape}]` : `no array '${name}'`}; arrays ${COLUMNS.join(", ")} of shape [rows] were expected`,
        { path },
      );
    return array.data;
  });
  const length = columns[0]!.length;
  const short = columns.findIndex((column) => column.length !== length);
  if (short !== -1)
    throw new DataError(
      `audit: ${path} has ${columns[short]!.length} values in '${COLUMNS[short]}' and ${length} in 'setting'; one length was expected`,
      { path },
    );
  const lines = [COLUMNS.join(",")];
  for (let i = 0; i < length; i++) lines.push(columns.map((column) => String(column[i])).join(","));
  return lines.join("\n");
}

/** Predictions from a table (`.csv`, `.tsv`, also gzipped) or an archive of columns (`.npz`). */
export async function readPredictions(path: string): Promise<AuditInput> {
  return parsePredictions(path.endsWith(".npz") ? await readArchive(path) : await readText(path), path);
}
