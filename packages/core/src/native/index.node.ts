// The one door to the installer: a browser build swaps this file, so those behind it need no twin of their own.
export { parseArguments, usage } from "./arguments.js";
export { installTensorflow } from "./install.node.js";
export { tensorflowStatus } from "./status.node.js";
export { uninstallTensorflow } from "./uninstall.node.js";
