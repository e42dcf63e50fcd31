import { resolve } from "node:path";

/** Folder of the project whose optional packages are loaded: `LAB_TENSORFLOW_DIR`, else the current one. */
export function projectFolder(): string {
  return resolve(process.env.LAB_TENSORFLOW_DIR || process.cwd());
}
