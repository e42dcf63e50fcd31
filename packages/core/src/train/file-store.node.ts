import { readFile } from "node:fs/promises";
import { atomicWrite } from "../io/index.js";
import type { CheckpointStore } from "./checkpoint-store.js";

/** A file that is replaced atomically. */
export function fileStore(path: string): CheckpointStore {
  return {
    name: path,
    async read() {
      try {
        return await readFile(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    write: (bytes) => atomicWrite(path, bytes),
  };
}
