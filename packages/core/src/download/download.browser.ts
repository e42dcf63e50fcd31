import { BackendError } from "../errors/index.js";

/** A page has no file system. */
export const download: typeof import("./download.node.js").download = async () => {
  throw new BackendError("download: files need Node; in a page use fetch", { backend: "browser" });
};
