import { BackendError } from "../errors/index.js";

/** A page draws figures with `renderSvg`. */
export const renderPng: typeof import("./render-png.node.js").renderPng = async () => {
  throw new BackendError("renderPng: PNG files are drawn in Node only; use renderSvg in a page", {
    backend: "browser",
  });
};
