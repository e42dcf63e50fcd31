/**
 * Figures and one-page reports of hull results.
 *
 * @packageDocumentation
 */
export {
  distanceHistogram,
  extremeQueries,
  probabilityCurves,
  rateVsDimension,
  spectrumPlot,
  stageFunnel,
} from "./plots.js";
export { type ReportOptions, report } from "./report.js";
