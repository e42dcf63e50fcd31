import { formatShape, ShapeError } from "@lab/core";
import type { Tensor } from "@tensorflow/tfjs-core";

/** Refuses anything but ego states `[batch, 5]`. */
export function checkState(caller: string, state: Tensor, argument = "state"): void {
  if (state.rank === 2 && state.shape[1] === 5) return;
  throw new ShapeError(
    `${caller}: ${argument} has shape ${formatShape(state.shape)}; ego states must be [batch,5] (x, y, dx, dy, v)`,
    { argument, shape: state.shape },
  );
}

/** Refuses anything but actions `[batch, 2]` for this many states. */
export function checkAction(caller: string, action: Tensor, batch: number): void {
  if (action.rank === 2 && action.shape[1] === 2 && action.shape[0] === batch) return;
  throw new ShapeError(
    `${caller}: action has shape ${formatShape(action.shape)}; [${batch},2] (acceleration, turn) was expected`,
    { argument: "action", shape: action.shape },
  );
}
