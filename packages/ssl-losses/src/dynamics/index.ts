export { alignmentMatrix, type ContrastiveForce, contrastiveForce } from "./contrastive-force.js";
export {
  type LinearState,
  type LinearTrace,
  type SimulateLinearOptions,
  simulateLinear,
} from "./simulate-linear.js";
export {
  alignedSingularValues,
  type SimulateTwoLayersOptions,
  simulateTwoLayers,
  type TwoLayersTrace,
} from "./two-layers.js";
