export {
  ArgumentError,
  BackendError,
  BackendUnavailableError,
  DataError,
  LabError,
  NotInitializedError,
  NotPositiveDefiniteError,
  NumericalError,
  ShapeError,
} from "./errors.js";
