import { BackendError } from "../errors/index.js";

/** A page has no file system. */
export const csv: typeof import("./csv.node.js").csv = () => {
  throw new BackendError("csv: files need Node", { backend: "browser" });
};
