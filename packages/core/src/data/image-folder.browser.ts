import { BackendError } from "../errors/index.js";

/** A page has no file system. */
export const imageFolder: typeof import("./image-folder.node.js").imageFolder = () => {
  throw new BackendError("imageFolder: folders need Node", { backend: "browser" });
};
