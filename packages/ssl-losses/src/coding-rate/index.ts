export {
  type CodingRateReductionOptions,
  type CodingRateReductionResult,
  checkMembership,
  codingRate,
  codingRateReduction,
  idealRateReduction,
  type RateOptions,
} from "./coding-rate.js";
