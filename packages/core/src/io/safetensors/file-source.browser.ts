import { BackendError } from "../../errors/index.js";

/** A page has no file system. */
export const fileSource: typeof import("./file-source.node.js").fileSource = () => {
  throw new BackendError("readSafetensors: paths need Node; in a page pass the bytes", {
    backend: "browser",
  });
};
