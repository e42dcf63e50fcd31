import { BackendError } from "@lab/core";

function needsNode(): never {
  throw new BackendError(
    "fileSource, npySource, idxSource, csvSource: files are read in Node only; a page has generatedSource and fromDataset",
    { backend: "browser" },
  );
}

/** A page opens no files. */
export const fileSource: typeof import("./file-sources.node.js").fileSource = needsNode;

/** A page opens no files. */
export const npySource: typeof import("./file-sources.node.js").npySource = needsNode;

/** A page opens no files. */
export const idxSource: typeof import("./file-sources.node.js").idxSource = needsNode;

/** A page opens no files. */
export const csvSource: typeof import("./file-sources.node.js").csvSource = needsNode;
