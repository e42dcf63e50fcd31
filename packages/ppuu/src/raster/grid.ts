import { checkChoice, checkInteger, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Where the cells of an image lie around the ego. */
export interface GridOptions {
  /** Rows; row 0 is ahead. @defaultValue 117 */
  height?: number;
  /** Columns; column 0 is to the left. @defaultValue 24 */
  width?: number;
  /** Metres from one cell to the next. @defaultValue 0.616667 */
  cell?: number;
  /**
   * `pixel`: square cells of `cell` metres. `linspace`: centres from end to end of 36.1111 m and 7.4 m each way, as the
   * published code places its masks, stretched by 1 % along and 4 % across against its own images.
   * @defaultValue `"pixel"`
   */
  grid?: "pixel" | "linspace";
}

/** Look-ahead of the source in metres: 130 km/h for one second. */
const LOOK_AHEAD = 130 / 3.6;
/** Two lanes to each side, in metres. */
const LOOK_ASIDE = 7.4;

/** Cell centres in the reference frame. */
export interface Grid {
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** Metres of a cell. */
  cell: number;
  /** Metres ahead of each row. */
  ahead: Float32Array;
  /** Metres to the right of each column. */
  aside: Float32Array;
}

/** Cell of the full raster in metres: 24 px a lane of 3.7 m, at a quarter of the scale. */
export const CELL = (4 * 3.7) / 24;

/** Checks the options and computes the centres. */
export function gridOf(caller: string, options: GridOptions = {}): Grid {
  const height = checkInteger(caller, "height", options.height ?? 117, { min: 2 });
  const width = checkInteger(caller, "width", options.width ?? 24, { min: 2 });
  const cell = checkNumber(caller, "cell", options.cell ?? CELL, { above: 0 });
  const kind = checkChoice(caller, "grid", options.grid ?? "pixel", ["pixel", "linspace"] as const);
  const even = (reach: number, count: number) =>
    Float32Array.from({ length: count }, (_, i) => reach * ((2 * i) / (count - 1) - 1));
  if (kind === "linspace") {
    return {
      height,
      width,
      cell,
      ahead: even(LOOK_AHEAD, height).reverse(),
      aside: even(LOOK_ASIDE, width),
    };
  }
  return {
    height,
    width,
    cell,
    ahead: Float32Array.from({ length: height }, (_, i) => ((height - 1) / 2 - i) * cell),
    aside: Float32Array.from({ length: width }, (_, j) => (j - (width - 1) / 2) * cell),
  };
}

/** A pose for each row: position and unit direction, shape `[..., 1]` each. */
export interface PoseColumns {
  x: tf.Tensor;
  y: tf.Tensor;
  dx: tf.Tensor;
  dy: tf.Tensor;
}

/**
 * Cells as seen from poses: metres along and across, shape `[..., height, width]`.
 *
 * @param grid - The cells.
 * @param pose - Poses, shape `[..., 1, 1]` each.
 */
export function cellsFrom(grid: Grid, pose: PoseColumns): { along: tf.Tensor; across: tf.Tensor } {
  const ahead = tf.sub(tf.tensor2d(grid.ahead, [grid.height, 1]), pose.x);
  const aside = tf.sub(tf.tensor2d(grid.aside, [1, grid.width]), pose.y);
  return {
    along: tf.add(tf.mul(pose.dx, ahead), tf.mul(pose.dy, aside)),
    across: tf.sub(tf.mul(pose.dx, aside), tf.mul(pose.dy, ahead)),
  };
}
