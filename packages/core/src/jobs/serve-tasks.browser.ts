import { BackendError } from "../errors/index.js";

/** A page cannot reach a queue. */
export const serveTasks: typeof import("./serve-tasks.node.js").serveTasks = async () => {
  throw new BackendError("serveTasks: workers on a Redis queue need Node", { backend: "browser" });
};
