const MARK = Symbol.for("@lab/error");

/** Base class of every error a lab package throws on purpose. */
export class LabError extends Error {
  override readonly name: string = "LabError";
  /** Stable identifier such as `LAB_SHAPE`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, MARK, { value: true });
  }

  /** True for any lab error, whichever copy or module format of the package made it. */
  static is(error: unknown): error is LabError {
    return error instanceof Error && MARK in error;
  }
}

/** A tensor has the wrong rank or size (`LAB_SHAPE`). */
export class ShapeError extends LabError {
  override readonly name: string = "ShapeError";
  /** Name of the argument at fault. */
  readonly argument: string;
  /** Shape that was received. */
  readonly shape: readonly number[];

  constructor(
    message: string,
    details: { argument: string; shape: readonly number[] },
    options?: ErrorOptions,
  ) {
    super("LAB_SHAPE", message, options);
    this.argument = details.argument;
    this.shape = details.shape;
  }
}

/** A value is out of range, of the wrong type, or an unknown choice (`LAB_ARGUMENT`). */
export class ArgumentError extends LabError {
  override readonly name: string = "ArgumentError";
  /** Name of the argument at fault. */
  readonly argument: string;
  /** Value that was received. */
  readonly value: unknown;

  constructor(message: string, details: { argument: string; value: unknown }, options?: ErrorOptions) {
    super("LAB_ARGUMENT", message, options);
    this.argument = details.argument;
    this.value = details.value;
  }
}

/** A computation cannot go on: no convergence, a singular matrix, NaN (`LAB_NUMERIC`). */
export class NumericalError extends LabError {
  override readonly name: string = "NumericalError";
  /** Iteration, pivot or step at which it happened, where there is one. */
  readonly iteration: number | undefined;
  /** Residual, pivot or value reached, where there is one. */
  readonly residual: number | undefined;

  constructor(
    message: string,
    details: { iteration?: number | undefined; residual?: number | undefined } = {},
    options?: ErrorOptions,
  ) {
    super("LAB_NUMERIC", message, options);
    this.iteration = details.iteration;
    this.residual = details.residual;
  }
}

/** A matrix that must be positive definite is not; says which pivot failed and its value. */
export class NotPositiveDefiniteError extends NumericalError {
  override readonly name: string = "NotPositiveDefiniteError";
  /** Index of the failing pivot, from 0. */
  readonly pivot: number;
  /** Value of the failing pivot. */
  readonly value: number;

  constructor(message: string, details: { pivot: number; value: number }, options?: ErrorOptions) {
    super(message, { iteration: details.pivot, residual: details.value }, options);
    this.pivot = details.pivot;
    this.value = details.value;
  }
}

/** A backend is missing or failed (`LAB_BACKEND`). */
export class BackendError extends LabError {
  override readonly name: string = "BackendError";
  /** The backend at fault. */
  readonly backend: string;

  constructor(message: string, details: { backend: string }, options?: ErrorOptions) {
    super("LAB_BACKEND", message, options);
    this.backend = details.backend;
  }
}

/** A backend that was asked for by name could not be had; the message says why and what would fix it. */
export class BackendUnavailableError extends BackendError {
  override readonly name: string = "BackendUnavailableError";
}

/** A function needs a device and `init` has not been called. */
export class NotInitializedError extends BackendError {
  override readonly name: string = "NotInitializedError";
}

/** A file or data set is not what it declares to be (`LAB_DATA`). */
export class DataError extends LabError {
  override readonly name: string = "DataError";
  /** File or address at fault. */
  readonly path: string;
  /** Byte offset at which reading failed, where there is one. */
  readonly offset: number | undefined;

  constructor(
    message: string,
    details: { path: string; offset?: number | undefined },
    options?: ErrorOptions,
  ) {
    super("LAB_DATA", message, options);
    this.path = details.path;
    this.offset = details.offset;
  }
}
