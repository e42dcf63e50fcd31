import { BackendError } from "../../errors/index.js";

type Twin = typeof import("./data-sets.node.js");

/** A page has no file system. */
export const downloadData: Twin["downloadData"] = async () => {
  throw new BackendError("downloadData: files need Node", { backend: "browser" });
};

/** A page has no file system. */
export const checkData: Twin["checkData"] = async () => {
  throw new BackendError("checkData: files need Node", { backend: "browser" });
};
