import { ArgumentError } from "@lab/core";
// @ts-expect-error the package has no types
import * as gifencModule from "gifenc";
import type { Frame } from "./frame.js";

interface Gifenc {
  GIFEncoder(): {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: { palette?: number[][]; delay: number; repeat?: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  };
  quantize(rgba: Uint8Array | Uint8ClampedArray, maxColours: number): number[][];
  applyPalette(rgba: Uint8Array | Uint8ClampedArray, palette: number[][]): Uint8Array;
}

/** In Node the package is CommonJS and its names lie under `default`. */
function gifenc(): Gifenc {
  const module = gifencModule as unknown as Gifenc | { default: Gifenc };
  return "GIFEncoder" in module ? module : module.default;
}

/**
 * An animated GIF of 256 colours that repeats.
 *
 * @param frames - Pictures of one size.
 * @param delayMs - Milliseconds from one to the next; the format knows multiples of 10.
 * @returns The bytes of the file.
 * @throws {@link ArgumentError} when there are none or their sizes differ.
 */
export function encodeGif(frames: readonly Frame[], delayMs = 100): Uint8Array {
  const first = frames[0];
  if (!first || frames.some(({ width, height }) => width !== first.width || height !== first.height)) {
    throw new ArgumentError(
      `encodeGif: frames are ${frames.length} of ${new Set(frames.map(({ width, height }) => `${width}x${height}`)).size} sizes; at least one, all of one size, were expected`,
      { argument: "frames", value: frames.length },
    );
  }
  const { GIFEncoder, quantize, applyPalette } = gifenc();
  const encoder = GIFEncoder();
  // One palette for all: colours do not flicker, and only the first frame carries it.
  const palette = quantize(first.data, 256);
  for (const [i, { width, height, data }] of frames.entries()) {
    const index = applyPalette(data, palette);
    encoder.writeFrame(index, width, height, { delay: delayMs, ...(i === 0 && { palette, repeat: 0 }) });
  }
  encoder.finish();
  return encoder.bytes();
}
