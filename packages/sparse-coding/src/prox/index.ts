export { type SoftThresholdOptions, softThreshold } from "./soft-threshold.js";
export {
  codeStd,
  type ProxVarianceHingeOptions,
  proxVarianceHinge,
  type VarianceHingeOptions,
  varianceHinge,
} from "./variance-hinge.js";
