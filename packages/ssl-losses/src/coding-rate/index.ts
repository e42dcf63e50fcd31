export {
  type CodingRateReductionOptions,
  type CodingRateReductionResult,
  codingRate,
  codingRateReduction,
  idealRateReduction,
  type RateOptions,
} from "./coding-rate.js";
