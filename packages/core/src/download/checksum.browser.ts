import { BackendError } from "../errors/index.js";

/** A page has no file system. */
export const digest: typeof import("./checksum.node.js").digest = async () => {
  throw new BackendError("digest: files need Node; in a page use crypto.subtle", { backend: "browser" });
};
