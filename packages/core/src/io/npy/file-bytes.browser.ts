import { BackendError } from "../../errors/index.js";

/** A page has no file system. */
export const fileBytes: typeof import("./file-bytes.node.js").fileBytes = async (caller) => {
  throw new BackendError(`${caller}: paths need Node; in a page pass the bytes`, { backend: "browser" });
};
