/**
 * Figures and one-page reports of trained autoencoders.
 *
 * @packageDocumentation
 */
export {
  curveFigure,
  deviationFigure,
  energyFigure,
  iterationsFigure,
  stepFigure,
  type TracedStep,
} from "./figures.js";
export { denoisingFigure, type PictureShape, unitsFigure } from "./pictures.js";
export { type TrainingReport, type TrainingReportOptions, trainingReport } from "./training-report.js";
