import * as tf from "@tensorflow/tfjs-core";
import { checkInteger } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { callKernel, type HostKernel, hasHostKernel, registerHostKernel } from "../host-kernel/index.js";
import { type Augmentation, checkImages, checkRange, drawNumbers, type Range } from "./augmentation.js";
import { denseTaps, resizeTaps, type Taps } from "./resize-taps.js";
import { sumWeightedRows } from "./weighted-rows.js";

/** A rectangle of pixels. */
export interface Box {
  /** First row. */
  top: number;
  /** First column. */
  left: number;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
}

/** Options of {@link randomResizedCrop}. */
export interface RandomResizedCropOptions {
  /** Height and width of the result, or one number for both. */
  size: number | readonly [height: number, width: number];
  /** Share of the area that is kept. @defaultValue `[0.08, 1]`, torchvision's */
  scale?: Range;
  /** Width over height of what is kept. @defaultValue `[3 / 4, 4 / 3]`, torchvision's */
  ratio?: Range;
}

const NAME = "LabResizedCrop";
const TRIES = 10;

const kernel: HostKernel = {
  name: NAME,
  inputs: ["images"],
  outputShapes: ([shape], { size }) => [[shape![0]!, ...(size as number[]), shape![3]!]],
  compute([images], [out], [shape], { size, rows, columns }) {
    const [batch, height, width, channels] = shape as [number, number, number, number];
    const [outHeight, outWidth] = size as [number, number];
    const [from, to] = [height * width * channels, outHeight * outWidth * channels];
    const between = new Float32Array(height * outWidth * channels);
    for (let b = 0; b < batch; b++) {
      const image = images!.subarray(b * from, (b + 1) * from);
      const target = out!.subarray(b * to, (b + 1) * to);
      resample(image, target, width, channels, (rows as Taps[])[b]!, (columns as Taps[])[b]!, between);
    }
  },
};

/** Columns first, for the rows that are needed, then rows; `between` is room to work in. */
function resample(
  image: Float32Array,
  out: Float32Array,
  width: number,
  channels: number,
  rows: Taps,
  columns: Taps,
  between: Float32Array,
): void {
  const rowLength = columns.count * channels;
  const { length } = columns;
  for (let y = rows.begin; y < rows.end; y++) {
    const start = y * width * channels;
    const to = (y - rows.begin) * rowLength;
    for (let c = 0; c < channels; c++) {
      if (length === 2) {
        for (let x = 0, at = to + c; x < columns.count; x++, at += channels) {
          const from = start + columns.first[x]! * channels + c;
          between[at] =
            columns.weights[2 * x]! * image[from]! + columns.weights[2 * x + 1]! * image[from + channels]!;
        }
      } else {
        for (let x = 0, at = to + c; x < columns.count; x++, at += channels) {
          let sum = 0;
          for (
            let k = 0, from = start + columns.first[x]! * channels + c;
            k < length;
            k++, from += channels
          ) {
            sum += columns.weights[x * length + k]! * image[from]!;
          }
          between[at] = sum;
        }
      }
    }
  }
  const starts = new Int32Array(rows.length);
  for (let y = 0; y < rows.count; y++) {
    for (let k = 0; k < rows.length; k++) starts[k] = (rows.first[y]! - rows.begin + k) * rowLength;
    sumWeightedRows(out, y * rowLength, rowLength, between, {
      starts,
      weights: rows.weights,
      offset: y * rows.length,
    });
  }
}

/**
 * Cuts a rectangle out of each image and resizes it, bilinearly and, where it shrinks, with anti-aliasing.
 *
 * @param images - Shape `[batch, height, width, channels]`.
 * @param boxes - One rectangle an image, within the image.
 * @param size - Height and width of the result.
 * @returns Shape `[batch, size[0], size[1], channels]`; the caller disposes it. No gradient is defined.
 * @throws {@link ArgumentError} when there is not one box an image, or a box leaves its image.
 * @see `torchvision.transforms.functional.resized_crop` with `antialias=True`, whose values these are.
 */
export function resizedCrop(
  images: tf.Tensor4D,
  boxes: readonly Box[],
  size: readonly [height: number, width: number],
): tf.Tensor4D {
  checkImages("resizedCrop", images);
  const [batch, height, width] = images.shape;
  if (boxes.length !== batch) {
    throw new ArgumentError(
      `resizedCrop: boxes holds ${boxes.length}; ${batch}, one an image, were expected`,
      {
        argument: "boxes",
        value: boxes.length,
      },
    );
  }
  for (const [i, side] of size.entries()) checkInteger("resizedCrop", `size[${i}]`, side, { min: 1 });
  for (const [i, box] of boxes.entries()) {
    checkInteger("resizedCrop", `boxes[${i}].top`, box.top, { min: 0, below: height });
    checkInteger("resizedCrop", `boxes[${i}].left`, box.left, { min: 0, below: width });
    checkInteger("resizedCrop", `boxes[${i}].height`, box.height, { min: 1, max: height - box.top });
    checkInteger("resizedCrop", `boxes[${i}].width`, box.width, { min: 1, max: width - box.left });
  }
  const rows = boxes.map((box) => resizeTaps(box.top, box.height, size[0]));
  const columns = boxes.map((box) => resizeTaps(box.left, box.width, size[1]));
  registerHostKernel(kernel);
  if (hasHostKernel(NAME)) {
    return callKernel(NAME, { images }, { size: [...size], rows, columns })[0] as tf.Tensor4D;
  }
  return tf.tidy(() => {
    const left = tf.tensor3d(denseTaps(rows, height), [batch, size[0], height]);
    const right = tf.tensor3d(denseTaps(columns, width), [batch, size[1], width]);
    const channels = images.shape[3];
    const byRows = tf.matMul(left, tf.reshape(images, [batch, height, width * channels]));
    const lines = tf.transpose(tf.reshape(byRows, [batch, size[0], width, channels]), [0, 2, 1, 3]);
    const both = tf.matMul(right, tf.reshape(lines, [batch, width, size[0] * channels]));
    return tf.transpose(tf.reshape(both, [batch, size[1], size[0], channels]), [0, 2, 1, 3]);
  });
}

/**
 * Cuts a rectangle of random area, shape and place out of each image and resizes it.
 *
 * @param options - See {@link RandomResizedCropOptions}.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks As in torchvision: the area is uniform, the ratio uniform in its logarithm; after ten rectangles that do not
 *   fit, the largest one in the middle whose ratio is allowed is taken.
 * @see Szegedy et al. (2015), Going deeper with convolutions, section 6.
 */
export function randomResizedCrop(options: RandomResizedCropOptions): Augmentation {
  const [height, width] = typeof options.size === "number" ? [options.size, options.size] : options.size;
  checkInteger("randomResizedCrop", "size[0]", height, { min: 1 });
  checkInteger("randomResizedCrop", "size[1]", width, { min: 1 });
  const scale = checkRange("randomResizedCrop", "scale", options.scale ?? [0.08, 1], { above: 0, max: 1 });
  const ratio = checkRange("randomResizedCrop", "ratio", options.ratio ?? [3 / 4, 4 / 3], { above: 0 });
  return (images, generator) => {
    checkImages("randomResizedCrop", images);
    const [batch, imageHeight, imageWidth] = images.shape;
    const numbers = drawNumbers(generator, batch, 2 * TRIES + 2);
    const boxes = Array.from({ length: batch }, (_, i) =>
      drawBox(
        numbers.subarray(i * (2 * TRIES + 2), (i + 1) * (2 * TRIES + 2)),
        imageHeight,
        imageWidth,
        scale,
        ratio,
      ),
    );
    return resizedCrop(images, boxes, [height, width]);
  };
}

function drawBox(numbers: Float64Array, height: number, width: number, scale: Range, ratio: Range): Box {
  const [logLow, logHigh] = [Math.log(ratio[0]), Math.log(ratio[1])];
  const place = (rows: number, columns: number): Box => ({
    top: Math.floor(numbers[2 * TRIES]! * (height - rows + 1)),
    left: Math.floor(numbers[2 * TRIES + 1]! * (width - columns + 1)),
    height: rows,
    width: columns,
  });
  for (let i = 0; i < TRIES; i++) {
    const area = height * width * (scale[0] + (scale[1] - scale[0]) * numbers[2 * i]!);
    const aspect = Math.exp(logLow + (logHigh - logLow) * numbers[2 * i + 1]!);
    const columns = Math.round(Math.sqrt(area * aspect));
    const rows = Math.round(Math.sqrt(area / aspect));
    if (columns > 0 && columns <= width && rows > 0 && rows <= height) return place(rows, columns);
  }
  const whole = width / height;
  const columns = whole > ratio[1] ? Math.round(height * ratio[1]) : width;
  const rows = whole < ratio[0] ? Math.round(width / ratio[0]) : height;
  return {
    top: Math.floor((height - rows) / 2),
    left: Math.floor((width - columns) / 2),
    height: rows,
    width: columns,
  };
}
