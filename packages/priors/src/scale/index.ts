export { ggnDiagonal } from "./ggn-diagonal.js";
export { type LogEvidenceOptions, logEvidence } from "./log-evidence.js";
export {
  type ScaleFit,
  type ScaleOf,
  type ScalePoint,
  type Score,
  type TuneScaleOptions,
  tuneScale,
} from "./tune-scale.js";
