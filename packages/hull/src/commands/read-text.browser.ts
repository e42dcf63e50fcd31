import { BackendError } from "@lab/core";

/** A page opens no files. */
export const readText: typeof import("./read-text.node.js").readText = () => {
  throw new BackendError("readText: files are read in Node only", { backend: "browser" });
};
