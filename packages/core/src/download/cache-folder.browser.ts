import { BackendError } from "../errors/index.js";

/** A page has no file system. */
export const cacheFolder: typeof import("./cache-folder.node.js").cacheFolder = () => {
  throw new BackendError("cacheFolder: files need Node; in a page use glyphs, or fetch the bytes", {
    backend: "browser",
  });
};
