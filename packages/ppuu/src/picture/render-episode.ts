import { ArgumentError, checkChoice, checkInteger } from "@lab/core";
import { atomicWrite } from "@lab/core/io";
import { encodePng } from "@lab/core/plot";
import type { EpisodeResult } from "../evaluation/run-group.js";
import { type Frame, type RenderOptions, renderFrame } from "./frame.js";
import { encodeGif } from "./gif.js";
import type { Picture } from "./shapes.js";
import { frameToSvg, stackSvgs } from "./svg.js";

/** Options of {@link renderEpisode}. */
export interface RenderEpisodeOptions extends RenderOptions {
  /** Pixels, PNG files or SVG documents. @defaultValue `"rgba"` */
  format?: "rgba" | "png" | "svg";
  /** Moments from one picture to the next. @defaultValue 1 */
  every?: number;
}

/** Pictures of an episode. */
export interface EpisodePictures<T = Frame | Uint8Array | string> {
  /** One for each moment. */
  frames: T[];
  /** Milliseconds from one to the next. */
  delayMs: number;
}

/** The moments of an episode as pictures. */
export function picturesOf(
  episode: EpisodeResult,
  every = 1,
): { pictures: Picture[]; centre: number; dt: number } {
  const { recording } = episode;
  if (!recording) {
    throw new ArgumentError(
      `renderEpisode: episode ${episode.id} was not recorded; keep of at least ${episode.id + 1} was expected in evaluate`,
      { argument: "episode", value: episode.id },
    );
  }
  const { frames, road, size, dt } = recording;
  const last = frames.length - 1;
  const pictures: Picture[] = [];
  for (let t = 0; t <= last; t += every) {
    pictures.push({ frame: frames[t]!, road, size, ...(t + every > last && { outcome: episode.outcome }) });
  }
  const centre = (frames[0]!.ego[0]! + frames[last]!.ego[0]!) / 2;
  return { pictures, centre, dt: dt * every };
}

/**
 * An episode from above: the controlled car, the others, where the recorded car was, and how it ended.
 *
 * @param episode - An episode that `evaluate` kept.
 * @param options - See {@link RenderEpisodeOptions}.
 * @returns Pictures for `writeGif` (`rgba`), `writePngs` (`png`) or `writeSvg` (`svg`).
 * @throws {@link ArgumentError} when the episode was not recorded.
 */
export async function renderEpisode(
  episode: EpisodeResult,
  options?: RenderEpisodeOptions & { format?: "rgba" },
): Promise<EpisodePictures<Frame>>;
export async function renderEpisode(
  episode: EpisodeResult,
  options: RenderEpisodeOptions & { format: "png" },
): Promise<EpisodePictures<Uint8Array>>;
export async function renderEpisode(
  episode: EpisodeResult,
  options: RenderEpisodeOptions & { format: "svg" },
): Promise<EpisodePictures<string>>;
export async function renderEpisode(
  episode: EpisodeResult,
  options: RenderEpisodeOptions = {},
): Promise<EpisodePictures> {
  const format = checkChoice("renderEpisode", "format", options.format ?? "rgba", [
    "rgba",
    "png",
    "svg",
  ] as const);
  const every = checkInteger("renderEpisode", "every", options.every ?? 1, { min: 1 });
  const { pictures, centre, dt } = picturesOf(episode, every);
  const at = (options.follow ?? true) ? undefined : centre;
  const frames: (Frame | Uint8Array | string)[] = [];
  for (const [i, picture] of pictures.entries()) {
    // Drawing a long episode takes seconds; others may go on meanwhile.
    if (i % 16 === 15) await new Promise((resolve) => setTimeout(resolve));
    if (format === "svg") frames.push(frameToSvg(picture, options, at));
    else {
      const frame = renderFrame(picture, options, at);
      frames.push(format === "rgba" ? frame : toPng(frame));
    }
  }
  return { frames, delayMs: Math.round(1000 * dt) };
}

/** The bytes of a PNG file of a picture. */
export function toPng({ width, height, data }: Frame): Uint8Array {
  const values = new Float32Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) values[3 * i + c] = data[4 * i + c]! / 255;
  }
  return encodePng({ width, height, channels: 3, data: values });
}

/**
 * Pictures below each other, as one.
 *
 * @param frames - Pictures of one width.
 */
export function stripOf(frames: readonly Frame[]): Frame {
  const gap = 6;
  const width = Math.max(...frames.map((frame) => frame.width));
  const height = frames.reduce((sum, frame) => sum + frame.height + gap, -gap);
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  let row = 0;
  for (const frame of frames) {
    for (let i = 0; i < frame.height; i++) {
      const line = frame.data.subarray(4 * i * frame.width, 4 * (i + 1) * frame.width);
      data.set(line, 4 * (row + i) * width);
    }
    row += frame.height + gap;
  }
  return { width, height, data };
}

/**
 * Writes an animated GIF.
 *
 * @param path - The file.
 * @param pictures - What `renderEpisode` gave for `rgba`.
 * @throws {@link DataError} when the file cannot be written.
 */
export async function writeGif(path: string, pictures: EpisodePictures<Frame>): Promise<void> {
  await atomicWrite(path, encodeGif(pictures.frames, pictures.delayMs));
}

/**
 * Writes one PNG file for each picture: `0000.png`, `0001.png`, …
 *
 * @param folder - The folder.
 * @param pictures - What `renderEpisode` gave for `png`.
 * @returns The paths.
 * @throws {@link DataError} when a file cannot be written.
 */
export async function writePngs(folder: string, pictures: EpisodePictures<Uint8Array>): Promise<string[]> {
  const paths: string[] = [];
  for (const [i, bytes] of pictures.frames.entries()) {
    const path = `${folder}/${String(i).padStart(4, "0")}.png`;
    await atomicWrite(path, bytes);
    paths.push(path);
  }
  return paths;
}

/**
 * Writes the pictures below each other into one SVG file.
 *
 * @param path - The file.
 * @param pictures - What `renderEpisode` gave for `svg`.
 * @throws {@link DataError} when the file cannot be written.
 */
export async function writeSvg(path: string, pictures: EpisodePictures<string>): Promise<void> {
  await atomicWrite(path, stackSvgs(pictures.frames));
}
