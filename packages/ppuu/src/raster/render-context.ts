import { ArgumentError, checkChoice, checkShape } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkState } from "../ego/check-state.js";
import { unstack } from "../gradient/unstack.js";
import { withoutGradient } from "../gradient/without-gradient.js";
import { runOnHost } from "../host-kernel/host-operation.js";
import { checkScene, type Scene } from "../scene/scene.js";
import { cellsFrom, type Grid, type GridOptions, gridOf } from "./grid.js";
import { HALF_LINE, renderOperation } from "./render-operation.js";

/** Options of {@link renderContext}. */
export interface RenderContextOptions extends GridOptions {
  /** States of the frame to draw in, shape `[batch, 5]`. @defaultValue `scene.reference` */
  reference?: tf.Tensor2D;
  /** 3: lane markings, other cars, off-road; 4: the own car too, which stands in the middle. @defaultValue 3 */
  channels?: 3 | 4;
  /** Length and width of the own cars in metres, shape `[batch, 2]`; needed for 4 channels. */
  car?: tf.Tensor2D;
}

/**
 * The surroundings as an image, exact for cars along the cells: lane markings, other cars, off-road.
 *
 * A car covers a cell by $[(\ell/2 - |x'|)/\delta + \tfrac12]_{01}\,[(w/2 - |y'|)/\delta + \tfrac12]_{01}$ with the cell
 * size $\delta$ and the cell's centre $(x', y')$ in the car's frame; several cars combine by the maximum. Lines and the
 * edge of the road have the same ramp.
 *
 * @param scene - The others; their directions are along the road.
 * @param options - See {@link RenderContextOptions}.
 * @returns Image `[batch, height, width, channels]` in [0, 1], differentiable almost everywhere in the reference and in the
 *   cars; the caller disposes it.
 * @throws {@link ArgumentError} without a reference, or for 4 channels without `car`; {@link ShapeError} when shapes do not fit.
 */
export function renderContext(scene: Scene, options: RenderContextOptions = {}): tf.Tensor4D {
  const grid = gridOf("renderContext", options);
  const reference = options.reference ?? scene.reference;
  if (!reference) {
    throw new ArgumentError(
      "renderContext: reference is left out and the scene has none; states of the frame to draw in were expected",
      { argument: "reference", value: undefined },
    );
  }
  checkState("renderContext", reference, "reference");
  checkScene("renderContext", scene, reference.shape[0]);
  const { lanes, laneWidth } = scene.road;
  const channels = checkChoice("renderContext", "channels", options.channels ?? 3, [3, 4] as const);
  const draw = ({ cars, mask }: Pick<Scene, "cars" | "mask">) =>
    (runOnHost(renderOperation, [reference, cars, mask], { grid, lanes, laneWidth }) ??
      contextByOps({ ...scene, cars, mask }, reference, grid)) as tf.Tensor4D;
  if (channels === 3) return draw(scene);
  const { car } = options;
  if (!car) {
    throw new ArgumentError(
      "renderContext: car is left out and channels is 4; lengths and widths of the own cars were expected",
      { argument: "car", value: undefined },
    );
  }
  const batch = reference.shape[0];
  checkShape("renderContext", "car", car, [batch, 2]);
  return tf.tidy(() => {
    const own = tf.concat2d([tf.slice(reference, [0, 0], [batch, 2]), tf.zeros([batch, 1]), car], 1);
    const self = draw({ cars: tf.reshape(own, [batch, 1, 5]), mask: tf.ones([batch, 1]) });
    const [, height, width] = self.shape;
    return tf.concat(
      [draw(scene), tf.slice(self, [0, 0, 0, 1], [batch, height, width, 1])],
      3,
    ) as tf.Tensor4D;
  });
}

/** The image in engine calls, for backends whose memory is out of reach. */
export function contextByOps(scene: Scene, reference: tf.Tensor2D, grid: Grid): tf.Tensor4D {
  return tf.tidy(() => {
    const batch = reference.shape[0];
    const [x, y, dx, dy] = tf.split(reference, 5, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const cars = carImage(scene, grid, { x, y, dx, dy });
    const { lanes, laneWidth } = scene.road;
    const deep = (t: tf.Tensor) => tf.reshape(t, [batch, 1, 1]);
    const ahead = tf.tensor2d(grid.ahead, [grid.height, 1]);
    const aside = tf.tensor2d(grid.aside, [1, grid.width]);
    const roadY = tf.add(tf.add(deep(y), tf.mul(deep(dy), ahead)), tf.mul(deep(dx), aside));
    const nearest = withoutGradient(() =>
      tf.mul(tf.clipByValue(tf.round(tf.div(roadY, laneWidth)), 0, lanes), laneWidth),
    );
    const half = (lanes * laneWidth) / 2;
    const lines = ramp(tf.sub(HALF_LINE, tf.abs(tf.sub(roadY, nearest))), grid.cell);
    const beyond = ramp(tf.sub(tf.abs(tf.sub(roadY, half)), half), grid.cell);
    return tf.stack([lines, cars, beyond], 3) as tf.Tensor4D;
  });
}

const ramp = (inside: tf.Tensor, cell: number) => tf.clipByValue(tf.add(tf.div(inside, cell), 0.5), 0, 1);

/** Cars drawn one after another into `[batch, height, width]`: the working set stays in the cache. */
function carImage(
  scene: Scene,
  grid: Grid,
  reference: { x: tf.Tensor; y: tf.Tensor; dx: tf.Tensor; dy: tf.Tensor },
): tf.Tensor {
  const [batch, numCars] = scene.cars.shape;
  const column = (i: number) =>
    tf.reshape(tf.slice(scene.cars, [0, 0, i], [batch, numCars, 1]), [batch, numCars]);
  const [ahead, aside] = [tf.sub(column(0), reference.x), tf.sub(column(1), reference.y)];
  const along = tf.add(tf.mul(reference.dx, ahead), tf.mul(reference.dy, aside));
  const across = tf.sub(tf.mul(reference.dx, aside), tf.mul(reference.dy, ahead));
  // Along the road is (dx, −dy) in the reference frame; half sizes in cells carry the ramp's half.
  const halfLength = tf.add(tf.div(column(3), 2 * grid.cell), 0.5);
  const halfWidth = tf.add(tf.div(column(4), 2 * grid.cell), 0.5);
  const scale = 1 / grid.cell;
  const each = (t: tf.Tensor) => unstack(tf.reshape(t, [batch, numCars, 1, 1]), 1);
  const [xs, ys, lengths, widths] = [each(along), each(across), each(halfLength), each(halfWidth)];
  const masks = each(scene.mask);
  const dx = tf.mul(tf.reshape(reference.dx, [batch, 1, 1]), scale);
  const dy = tf.mul(tf.reshape(tf.neg(reference.dy), [batch, 1, 1]), scale);
  let image: tf.Tensor | undefined;
  for (let car = 0; car < numCars; car++) {
    const cells = cellsFrom(grid, { x: xs[car]!, y: ys[car]!, dx, dy });
    const cover = tf.mul(
      tf.clipByValue(tf.sub(lengths[car]!, tf.abs(cells.along)), 0, 1),
      tf.mul(tf.clipByValue(tf.sub(widths[car]!, tf.abs(cells.across)), 0, 1), masks[car]!),
    );
    image = image ? tf.maximum(image, cover) : cover;
  }
  return image ?? tf.zeros([batch, grid.height, grid.width]);
}
