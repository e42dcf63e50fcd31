import type { DataType, Tensor } from "@tensorflow/tfjs-core";
import { ArgumentError, ShapeError } from "../errors/index.js";

/** A shape as messages print it: `[4,8]`. */
export function formatShape(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? "any").join(",")}]`;
}

/** Refuses what is no tensor, such as an array. */
function checkTensor(caller: string, argument: string, value: Tensor): void {
  if (value?.shape) return;
  throw new ArgumentError(`${caller}: ${argument} is ${typeof value}; a tensor was expected`, {
    argument,
    value,
  });
}

/**
 * Refuses a tensor whose rank is not `rank`, or not one of `rank`.
 *
 * @param caller - Name of the public function, for the message.
 * @param argument - Name of the argument, for the message.
 * @param tensor - The tensor received.
 * @param rank - Expected rank, or the list of those allowed.
 * @throws {@link ShapeError} with the shape received and the rank expected; {@link ArgumentError} for what is no tensor.
 */
export function checkRank(
  caller: string,
  argument: string,
  tensor: Tensor,
  rank: number | readonly number[],
): void {
  checkTensor(caller, argument, tensor);
  const ranks = typeof rank === "number" ? [rank] : rank;
  if (ranks.includes(tensor.rank)) return;
  throw new ShapeError(
    `${caller}: ${argument} has shape ${formatShape(tensor.shape)}; rank ${ranks.join(" or ")} was expected`,
    { argument, shape: tensor.shape },
  );
}

/** Refuses a tensor whose shape differs from `shape`; `null` stands for any size. */
export function checkShape(
  caller: string,
  argument: string,
  tensor: Tensor,
  shape: readonly (number | null)[],
): void {
  checkTensor(caller, argument, tensor);
  if (
    tensor.rank === shape.length &&
    shape.every((size, axis) => size === null || size === tensor.shape[axis])
  ) {
    return;
  }
  throw new ShapeError(
    `${caller}: ${argument} has shape ${formatShape(tensor.shape)}; ${formatShape(shape)} was expected`,
    { argument, shape: tensor.shape },
  );
}

/** Refuses two tensors of different shapes. */
export function checkSameShape(
  caller: string,
  argument: string,
  tensor: Tensor,
  otherArgument: string,
  other: Tensor,
): void {
  if (tensor.rank === other.rank && tensor.shape.every((size, axis) => size === other.shape[axis])) return;
  throw new ShapeError(
    `${caller}: ${argument} has shape ${formatShape(tensor.shape)} and ${otherArgument} has shape ${formatShape(other.shape)}; the shapes must be equal`,
    { argument, shape: tensor.shape },
  );
}

/** Refuses a tensor whose dtype is not one of `dtypes`. */
export function checkDtype(
  caller: string,
  argument: string,
  tensor: Tensor,
  dtypes: readonly DataType[],
): void {
  if (dtypes.includes(tensor.dtype)) return;
  throw new ArgumentError(
    `${caller}: ${argument} has dtype ${tensor.dtype}; ${dtypes.join(" or ")} was expected`,
    {
      argument,
      value: tensor.dtype,
    },
  );
}

/** Throws the signal's reason when it has been aborted. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}
