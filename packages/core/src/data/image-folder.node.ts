import { readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { tensor } from "@tensorflow/tfjs-core";
import { checkChoice, checkInteger } from "../check/index.js";
import { BackendError, DataError } from "../errors/index.js";
import type { Dataset } from "./dataset.js";
import { fromPlan } from "./from-plan.js";
import type { ImageArrays, LabelledImage } from "./image-set.js";

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions {
  /** Height and width in pixels to which pictures are brought, or both as one number. */
  size: number | readonly [height: number, width: number];
  /** Colour or grey. @defaultValue 3 */
  channels?: 1 | 3;
  /** Cuts off what does not fit the shape, pads it black, or distorts it. @defaultValue `"cover"` */
  fit?: "cover" | "contain" | "fill";
}

/** Pictures of a folder. */
export interface ImageFolder extends Dataset<LabelledImage> {
  /** Number of pictures. */
  readonly length: number;
  /** Reads and decodes a picture; its tensor belongs to the caller. */
  get(index: number): Promise<LabelledImage>;
  /** Reads and decodes the pictures at some indices, in that order, as typed arrays that belong to the caller. */
  read(indices: ArrayLike<number>): Promise<ImageArrays>;
  /** Names of the subfolders, which are the classes. */
  readonly classNames: readonly string[];
  /** Paths of the pictures. */
  readonly paths: readonly string[];
  /** Class of each picture. */
  readonly labels: Int32Array;
}

const EXTENSIONS = new Set([".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff"]);

/** Largest picture that is decoded: a small file may otherwise unpack to gigabytes. */
const MAX_PIXELS = 1e8;

/**
 * Pictures in one subfolder a class, in alphabetical order, decoded as they are asked for.
 *
 * @param path - The folder; pictures may lie deeper than its subfolders.
 * @param options - See {@link ImageFolderOptions}.
 * @returns Pictures of shape `[height, width, channels]` in [0, 1].
 * @throws {@link DataError} when the folder has no subfolder with pictures, and on reading a picture that is broken;
 * {@link BackendError} on reading when the package sharp is not installed.
 */
export function imageFolder(path: string, options: ImageFolderOptions): ImageFolder {
  const [height, width] = typeof options.size === "number" ? [options.size, options.size] : options.size;
  checkInteger("imageFolder", "size", height, { min: 1, max: 16_384 });
  checkInteger("imageFolder", "size", width, { min: 1, max: 16_384 });
  const channels = checkChoice("imageFolder", "channels", options.channels ?? 3, [1, 3] as const);
  const fit = checkChoice("imageFolder", "fit", options.fit ?? "cover", [
    "cover",
    "contain",
    "fill",
  ] as const);
  const { classNames, paths, labels } = list(path);

  const decode = async (index: number): Promise<Uint8Array> => {
    checkInteger("imageFolder", "index", index, { min: 0, below: paths.length });
    const sharp = await loadSharp();
    const file = paths[index]!;
    let bytes: Uint8Array;
    try {
      const picture = sharp(file, { limitInputPixels: MAX_PIXELS })
        .rotate() // as the camera was held
        .resize({ height, width, fit, background: "black" })
        .flatten({ background: "black" })
        .toColourspace(channels === 1 ? "b-w" : "srgb");
      bytes = await picture.raw().toBuffer();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DataError(
        `imageFolder: ${file} cannot be decoded (${reason}); a whole picture was expected`,
        { path: file },
        { cause },
      );
    }
    if (bytes.length !== height * width * channels) {
      throw new DataError(
        `imageFolder: ${file} decodes to ${bytes.length} values; ${height * width * channels} were expected`,
        { path: file },
      );
    }
    return bytes;
  };
  const get = async (index: number): Promise<LabelledImage> => {
    const x = Float32Array.from(await decode(index), (byte) => byte / 255);
    return { x: tensor(x, [height, width, channels]), label: labels[index]! };
  };
  const read = async (indices: ArrayLike<number>): Promise<ImageArrays> => {
    const size = height * width * channels;
    const x = new Float32Array(indices.length * size);
    const into = async (index: number, n: number) => {
      const bytes = await decode(index);
      for (let i = 0; i < size; i++) x[n * size + i] = bytes[i]! / 255;
    };
    await Promise.all(Array.from(indices, into));
    return {
      x,
      labels: Int32Array.from(indices, (index) => labels[index]!),
      shape: [indices.length, height, width, channels],
    };
  };
  const dataset = fromPlan<LabelledImage>({ length: paths.length, get });
  return Object.assign(dataset, { length: paths.length, get, read, classNames, paths, labels });
}

function list(path: string): { classNames: string[]; paths: string[]; labels: Int32Array } {
  const files: { path: string; label: number }[] = [];
  let classNames: string[];
  try {
    const folders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    classNames = folders.map((entry) => entry.name).sort();
    for (const [label, name] of classNames.entries()) {
      const inside = readdirSync(join(path, name), { recursive: true, encoding: "utf8" }).sort();
      for (const file of inside) {
        if (EXTENSIONS.has(extname(file).toLowerCase())) files.push({ path: join(path, name, file), label });
      }
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(
      `imageFolder: ${path} cannot be listed (${reason}); a folder with one subfolder a class was expected`,
      { path },
      { cause },
    );
  }
  if (files.length === 0) {
    throw new DataError(
      `imageFolder: ${path} holds no pictures in subfolders; one subfolder a class was expected`,
      { path },
    );
  }
  return {
    classNames,
    paths: files.map((file) => file.path),
    labels: Int32Array.from(files, (file) => file.label),
  };
}

async function loadSharp(): Promise<typeof import("sharp").default> {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    throw new BackendError(
      "imageFolder: the package sharp cannot be loaded; it decodes the pictures; run: npm install sharp",
      { backend: "sharp" },
      { cause },
    );
  }
}
