export {
  type LossSurfaceOptions,
  plotLossSurface,
  plotPriorSpectrum,
  plotReliability,
  plotScaleCurve,
} from "./plots.js";
