import { readFile } from "node:fs/promises";
import { DataError } from "@lab/core";

/** The text of a file. */
export async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((cause: unknown) => {
    throw new DataError(`hull: ${path} cannot be read; a readable file was expected`, { path }, { cause });
  });
}
