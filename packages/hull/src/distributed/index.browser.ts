import { BackendError } from "@lab/core";

function needsNode(): never {
  throw new BackendError("ConvexHull: runners and checkpoints work in Node only; a page asks without them", {
    backend: "browser",
  });
}

/** A page has no workers of a queue and no folder for results. */
export const answerInTasks: typeof import("./index.node.js").answerInTasks = needsNode;

/** As above, for the passes of `ConvexHull.from`. */
export const passesInTasks: typeof import("./index.node.js").passesInTasks = needsNode;
