export { checkAborted, checkDtype, checkRank, checkSameShape, checkShape, formatShape } from "./shapes.js";
export {
  checkBoolean,
  checkChoice,
  checkFinite,
  checkInteger,
  checkNumber,
  type NumberRange,
} from "./values.js";
