import { BackendError } from "../errors/index.js";

/** A page has no file system. */
export const atomicWrite: typeof import("./atomic-write.node.js").atomicWrite = async () => {
  throw new BackendError("atomicWrite: files need Node; a page has no file system", { backend: "browser" });
};

/** A page has no file system. */
export const atomicWriteWith: typeof import("./atomic-write.node.js").atomicWriteWith = async () => {
  throw new BackendError("atomicWrite: files need Node; a page has no file system", { backend: "browser" });
};
