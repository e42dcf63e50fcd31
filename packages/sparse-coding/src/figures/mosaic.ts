import { ArgumentError, checkChoice, checkInteger, checkShape } from "@lab/core";
import type { ImagePlot, Picture } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import type { Decoder } from "../decoders/index.js";

/** Options of {@link dictionaryMosaic}. */
export interface MosaicOptions {
  /** Height of an atom in pixels. */
  height: number;
  /** Width of an atom in pixels. */
  width: number;
  /** Atoms in a row. @defaultValue a square */
  columns?: number;
  /** Whether each atom or all together fill the range from black to white; zero is grey. @defaultValue `"each"` */
  normalize?: "each" | "all";
  /** Order of the atoms. @defaultValue `"index"` */
  order?: "usage" | "index";
  /** Share of rows that use each atom, for `order: "usage"`. */
  usage?: ArrayLike<number>;
}

/**
 * Atoms as one picture, with a black line between them.
 *
 * @param m - Atoms as columns, `[height * width, l]`.
 * @param o - See {@link MosaicOptions}.
 * @returns Shape `[rows, columns, 1]`, values in [0, 1], zero at 0.5; the caller disposes it.
 * @throws {@link ShapeError}, {@link ArgumentError} for arguments that do not fit.
 */
export function dictionaryMosaic(m: tf.Tensor2D, o: MosaicOptions): tf.Tensor3D {
  const caller = "dictionaryMosaic";
  const height = checkInteger(caller, "height", o.height, { min: 1 });
  const width = checkInteger(caller, "width", o.width, { min: 1 });
  checkShape(caller, "m", m, [height * width, null]);
  const l = m.shape[1];
  const columns = checkInteger(caller, "columns", o.columns ?? Math.ceil(Math.sqrt(l)), { min: 1 });
  const normalize = checkChoice(caller, "normalize", o.normalize ?? "each", ["each", "all"]);
  const order = checkChoice(caller, "order", o.order ?? "index", ["usage", "index"]);
  if (order === "usage" && o.usage?.length !== l) {
    throw new ArgumentError(
      `${caller}: usage has ${o.usage?.length ?? 0} values; ${l} were expected with order "usage"`,
      { argument: "usage", value: o.usage?.length },
    );
  }
  const rows = Math.ceil(l / columns);
  return tf.tidy(() => {
    const indices = Array.from({ length: l }, (_, j) => j);
    if (order === "usage") indices.sort((a, b) => o.usage![b]! - o.usage![a]!);
    const sorted = tf.gather(tf.transpose(m), tf.tensor1d(indices, "int32"));
    const largest = normalize === "each" ? tf.max(tf.abs(sorted), 1, true) : tf.max(tf.abs(sorted));
    const grey = tf.add(tf.mul(tf.div(sorted, tf.maximum(largest, 1e-12)), 0.5), 0.5);
    const tiles = tf.pad(tf.reshape(grey, [l, height, width]), [
      [0, rows * columns - l],
      [0, 1],
      [0, 1],
    ]);
    const grid = tf.transpose(tf.reshape(tiles, [rows, columns, height + 1, width + 1]), [0, 2, 1, 3]);
    return tf.reshape(grid, [rows * (height + 1), columns * (width + 1), 1]) as tf.Tensor3D;
  });
}

/**
 * What each code component draws: $\mathrm{Dec}(a e_j) - \mathrm{Dec}(0)$, the atom itself for a linear decoder.
 *
 * @param decoder - Any decoder.
 * @param activation - Size $a$ of the component, such as its largest value over a batch. One number, or one for each.
 * @returns Columns `[d, l]`; the caller disposes them.
 */
export function unitDecodings(decoder: Decoder, activation: number | ArrayLike<number> = 1): tf.Tensor2D {
  return tf.tidy(() => {
    const l = decoder.codeDim;
    const sizes = Float32Array.from({ length: l }, (_, j) =>
      typeof activation === "number" ? activation : activation[j]!,
    );
    const units = tf.mul(tf.eye(l), tf.tensor1d(sizes)) as tf.Tensor2D;
    const zero = decoder.decode(tf.zeros([1, l]));
    return tf.transpose(tf.sub(decoder.decode(units), zero)) as tf.Tensor2D;
  });
}

/** What {@link picturesOf} draws. */
export interface PicturesOptions {
  /** Height of a picture in pixels. */
  height: number;
  /** Width of a picture in pixels. */
  width: number;
  /** Headline of the figure. */
  title: string;
  /** Sentence under the figure. */
  caption?: string;
  /** Pictures in a row. @defaultValue 10 */
  columns?: number;
  /** Most pictures. @defaultValue 60 */
  most?: number;
}

/**
 * Rows, such as atoms, codes or reconstructions, as a figure of small pictures; each fills the grey scale, zero is grey.
 *
 * @param rows - Values by row.
 * @param o - See {@link PicturesOptions}.
 */
export function picturesOf(rows: readonly ArrayLike<number>[], o: PicturesOptions): ImagePlot {
  const images: Picture[] = rows.slice(0, o.most ?? 60).map((values) => {
    let largest = 1e-12;
    for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
    return {
      width: o.width,
      height: o.height,
      channels: 1,
      data: Array.from(values, (v) => 0.5 + (0.5 * v) / largest),
    };
  });
  return {
    kind: "image",
    title: o.title,
    ...(o.caption ? { caption: o.caption } : {}),
    images,
    columns: o.columns ?? 10,
  };
}
