export { type DoubleOp, inDouble } from "./double-precision.js";
export { attributesFor, engineName, type TensorflowBackend } from "./tensorflow-backend.js";
