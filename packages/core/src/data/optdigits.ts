import { DataError } from "../errors/index.js";
import { readBytes } from "./files.node.js";
import { byteImages, type ImageSet, imageSet } from "./image-set.js";
import { locateFiles } from "./locate.js";

/** Options of {@link optdigits}. */
export interface OptdigitsOptions {
  /** Folder with `optdigits.tes`, or with a folder `optdigits` in it; else `LAB_DATA_DIR` and the cache are searched. */
  dir?: string | undefined;
}

const NUM_PIXELS = 64;
const WHITE = 16;

/**
 * The UCI digits: 1,797 handwritten digits of 8×8 pixels, in the order of the original file.
 *
 * @param options - See {@link OptdigitsOptions}.
 * @returns Pictures of shape `[8, 8, 1]`; the file's counts from 0 to 16 are divided by 16.
 * @throws {@link DataError} when the file is missing or not what it should be, with the path and the offset.
 * @see Alpaydin, Kaynak (1998), Optical recognition of handwritten digits, UCI machine learning repository.
 */
export function optdigits(options: OptdigitsOptions = {}): ImageSet {
  const [path] = locateFiles("optdigits", "optdigits", options.dir, ["optdigits.tes"]) as [string];
  const { bytes, labels } = parseDigits(readBytes("optdigits", path), path);
  return imageSet(
    byteImages({
      name: "optdigits",
      length: labels.length,
      imageShape: [8, 8, 1],
      numClasses: 10,
      labels,
      bytes,
      start: (index) => index * NUM_PIXELS,
      white: WHITE,
    }),
  );
}

/** Lines of 64 counts and a class, separated by commas. */
function parseDigits(text: Uint8Array, path: string): { bytes: Uint8Array; labels: number[] } {
  const labels: number[] = [];
  const pixels: number[] = [];
  let offset = 0;
  for (const line of new TextDecoder("latin1").decode(text).split("\n")) {
    const values = line.trim() === "" ? [] : line.split(",").map(Number);
    const isGood =
      values.length === NUM_PIXELS + 1 &&
      values.every(
        (value, i) => Number.isInteger(value) && value >= 0 && value <= (i < NUM_PIXELS ? WHITE : 9),
      );
    if (isGood) {
      for (let i = 0; i < NUM_PIXELS; i++) pixels.push(values[i]!);
      labels.push(values[NUM_PIXELS]!);
    } else if (values.length > 0) {
      throw new DataError(
        `optdigits: ${path} has another line ${labels.length + 1} at byte ${offset}; 64 integers from 0 to 16 and a class from 0 to 9 were expected`,
        { path, offset },
      );
    }
    offset += line.length + 1;
  }
  if (labels.length === 0) {
    throw new DataError(`optdigits: ${path} holds no digits; lines of 65 integers were expected`, {
      path,
      offset: 0,
    });
  }
  return { bytes: Uint8Array.from(pixels), labels };
}
