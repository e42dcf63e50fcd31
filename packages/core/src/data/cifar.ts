import { checkChoice } from "../check/index.js";
import { DataError } from "../errors/index.js";
import { readBytes } from "./files.node.js";
import { byteImages, type ImageSet, imageSet } from "./image-set.js";
import { locateFiles } from "./locate.js";
import type { SplitOptions } from "./mnist.js";

const PIXEL_BYTES = 3072;

/** Classes of CIFAR-10. */
const THINGS = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/**
 * CIFAR-10: small colour photographs in ten classes, from the binary files.
 *
 * The training part is made of the files `data_batch_1.bin` to `data_batch_5.bin` that are there, in that order; a
 * folder that holds only some of them gives a part of the data.
 *
 * @param options - See {@link SplitOptions}.
 * @returns Pictures of shape `[32, 32, 3]`, red, green, blue, each value its byte divided by 255.
 * @throws {@link DataError} when the files are missing or not what they should be, with the path and the offset.
 * @see Krizhevsky (2009), Learning multiple layers of features from tiny images.
 */
export function cifar10(options: SplitOptions = {}): ImageSet {
  const split = checkChoice("cifar10", "split", options.split ?? "train", ["train", "test"] as const);
  const files = split === "train" ? [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`) : ["test_batch.bin"];
  return readRecords("cifar10", "cifar10", options.dir, files, { labelBytes: 1, labelAt: 0 }, 10, THINGS);
}

/** Options of {@link cifar100}. */
export interface Cifar100Options extends SplitOptions {
  /** Whether labels are the 100 fine classes or the 20 coarse ones. @defaultValue `"fine"` */
  labels?: "fine" | "coarse";
}

/**
 * CIFAR-100: small colour photographs in a hundred classes, or twenty coarse ones, from the binary files.
 *
 * @param options - See {@link Cifar100Options}.
 * @returns Pictures of shape `[32, 32, 3]`, red, green, blue, each value its byte divided by 255.
 * @throws {@link DataError} when the files are missing or not what they should be, with the path and the offset.
 * @see Krizhevsky (2009), Learning multiple layers of features from tiny images.
 */
export function cifar100(options: Cifar100Options = {}): ImageSet {
  const split = checkChoice("cifar100", "split", options.split ?? "train", ["train", "test"] as const);
  const kind = checkChoice("cifar100", "labels", options.labels ?? "fine", ["fine", "coarse"] as const);
  const format = { labelBytes: 2, labelAt: kind === "fine" ? 1 : 0 };
  return readRecords(
    "cifar100",
    "cifar100",
    options.dir,
    [`${split}.bin`],
    format,
    kind === "fine" ? 100 : 20,
  );
}

function readRecords(
  caller: string,
  name: "cifar10" | "cifar100",
  dir: string | undefined,
  files: readonly string[],
  { labelBytes, labelAt }: { labelBytes: number; labelAt: number },
  numClasses: number,
  classNames?: readonly string[],
): ImageSet {
  const paths = locateFiles(caller, name, dir, files).filter((path) => path !== undefined);
  if (paths.length === 0) {
    throw new DataError(`${caller}: ${files[0]} is missing beside the other files; it was expected`, {
      path: files[0]!,
    });
  }
  const record = labelBytes + PIXEL_BYTES;
  const labels: number[] = [];
  const parts = paths.map((path) => {
    const bytes = readBytes(caller, path);
    if (bytes.length === 0 || bytes.length % record !== 0) {
      throw new DataError(
        `${caller}: ${path} ends at byte ${bytes.length}; a multiple of ${record} bytes was expected`,
        { path, offset: bytes.length },
      );
    }
    for (let at = labelAt; at < bytes.length; at += record) {
      const label = bytes[at]!;
      if (label >= numClasses) {
        throw new DataError(
          `${caller}: ${path} holds label ${label} at byte ${at}; 0 to ${numClasses - 1} was expected`,
          { path, offset: at },
        );
      }
      labels.push(label);
    }
    return bytes;
  });
  return imageSet(
    byteImages({
      name,
      length: labels.length,
      imageShape: [32, 32, 3],
      numClasses,
      ...(classNames && { classNames }),
      labels,
      bytes: parts.length === 1 ? parts[0]! : joined(parts),
      start: (index) => index * record + labelBytes,
      white: 255,
      isPlanar: true,
    }),
  );
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
