/**
 * Optimizers with decoupled weight decay and parameter groups, schedules, clipping, accumulation and L-BFGS.
 *
 * @packageDocumentation
 */
export { type AccumulateOptions, accumulate } from "./accumulate.js";
export { type AdamwOptions, adamw } from "./adamw.js";
export { type ClippedGradients, clipByGlobalNorm } from "./clip.js";
export {
  GroupedOptimizer,
  type GroupedOptions,
  type NamedTensor,
  type ParameterGroup,
  type ParameterSettings,
  type Slots,
  type VariableUpdate,
} from "./grouped-optimizer.js";
export { type LarsOptions, lars } from "./lars.js";
export { type Lbfgs, type LbfgsOptions, type LbfgsResult, lbfgs } from "./lbfgs.js";
export * as schedules from "./schedules/index.js";
export { type SgdOptions, sgd } from "./sgd.js";
