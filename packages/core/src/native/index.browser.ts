import { BackendError } from "../errors/index.js";

type Twin = typeof import("./index.node.js");

function needsNode(what: string): never {
  throw new BackendError(`${what}: installing TensorFlow needs Node; run it in a terminal`, {
    backend: "tensorflow",
  });
}

export { parseArguments, usage } from "./arguments.js";

/** A page installs nothing. */
export const installTensorflow: Twin["installTensorflow"] = async () => needsNode("installTensorflow");

/** A page installs nothing. */
export const tensorflowStatus: Twin["tensorflowStatus"] = () => needsNode("tensorflowStatus");

/** A page installs nothing. */
export const uninstallTensorflow: Twin["uninstallTensorflow"] = async () => needsNode("uninstallTensorflow");
