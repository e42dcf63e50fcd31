export {
  type CostLandscapeOptions,
  costLandscapePlot,
  planPlot,
  type SpaceTimePlotOptions,
  spaceTimePlot,
} from "./traffic-plots.js";
