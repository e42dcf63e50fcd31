import { BackendError } from "../errors/index.js";
import type { CheckpointStore } from "./checkpoint-store.js";

/** Files need Node; a page passes its own store. */
export function fileStore(path: string): CheckpointStore {
  throw new BackendError(
    `fit: checkpoint is the file ${path}; files need Node: pass an object with read and write instead`,
    { backend: "browser" },
  );
}
