export { priorStability, type Stability, type StabilityOptions } from "./stability.js";
export {
  type HeadPrior,
  type PriorLoss,
  type PriorStep,
  type WithPriorOptions,
  withPrior,
} from "./with-prior.js";
