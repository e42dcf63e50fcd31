import { BackendError } from "../errors/index.js";

/** A page cannot load handler modules by name. */
export const mapTasks: typeof import("./map-tasks.node.js").mapTasks = () => {
  throw new BackendError("mapTasks: handler modules are loaded in Node only", { backend: "browser" });
};
