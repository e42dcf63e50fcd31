export {
  type CostLandscapeOptions,
  costLandscapePlot,
  planPlot,
  type SpaceTimePlotOptions,
  spaceTimePlot,
  uncertaintyPlot,
} from "./traffic-plots.js";
