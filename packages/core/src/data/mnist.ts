import { checkChoice } from "../check/index.js";
import { DataError } from "../errors/index.js";
import { readBytes } from "./files.node.js";
import { parseIdx } from "./idx-format.js";
import { byteImages, type ImageSet, imageSet } from "./image-set.js";
import { locateFiles } from "./locate.js";

/** Options of the readers of data sets that come in a training and a test part. */
export interface SplitOptions {
  /** Folder with the files, or with the data set's own folder in it; else `LAB_DATA_DIR` and the cache are searched. */
  dir?: string | undefined;
  /** The part that is read. @defaultValue `"train"` */
  split?: "train" | "test";
}

/**
 * MNIST: handwritten digits, 60,000 for training and 10,000 for testing, in the order of the original files.
 *
 * The files are read and unpacked when this is called (bytes: 47 MB for the training part); pixels become float32
 * when they are asked for.
 *
 * @param options - See {@link SplitOptions}.
 * @returns Pictures of shape `[28, 28, 1]`, each pixel its byte divided by 255.
 * @throws {@link DataError} when the files are missing or not what they should be, with the path and the offset.
 * @see LeCun, Bottou, Bengio, Haffner (1998), Gradient-based learning applied to document recognition.
 */
export function mnist(options: SplitOptions = {}): ImageSet {
  return readIdxPair("mnist", "mnist", options);
}

/** Classes of Fashion-MNIST. */
const GARMENTS = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/**
 * Fashion-MNIST: pictures of clothing in MNIST's format, 60,000 for training and 10,000 for testing.
 *
 * @param options - See {@link SplitOptions}.
 * @returns Pictures of shape `[28, 28, 1]`, each pixel its byte divided by 255.
 * @throws {@link DataError} when the files are missing or not what they should be, with the path and the offset.
 * @see Xiao, Rasul, Vollgraf (2017), Fashion-MNIST.
 */
export function fashionMnist(options: SplitOptions = {}): ImageSet {
  return readIdxPair("fashionMnist", "fashion-mnist", options, GARMENTS);
}

function readIdxPair(
  caller: string,
  name: "mnist" | "fashion-mnist",
  options: SplitOptions,
  classNames?: readonly string[],
): ImageSet {
  const split = checkChoice(caller, "split", options.split ?? "train", ["train", "test"] as const);
  const prefix = split === "train" ? "train" : "t10k";
  const files = [`${prefix}-images-idx3-ubyte`, `${prefix}-labels-idx1-ubyte`];
  const paths = locateFiles(caller, name, options.dir, files).map((path, i) => {
    if (path !== undefined) return path;
    throw new DataError(`${caller}: ${files[i]} is missing; both files of the ${split} part were expected`, {
      path: files[i]!,
    });
  });
  const [images, labels] = paths.map((path) => parseIdx(caller, readBytes(caller, path), path)) as [
    ReturnType<typeof parseIdx>,
    ReturnType<typeof parseIdx>,
  ];
  const [count, height, width] = images.shape as [number, number, number];
  if (!(images.data instanceof Uint8Array) || images.shape.length !== 3) {
    throw new DataError(
      `${caller}: ${paths[0]} holds shape [${images.shape.join(",")}]; bytes of rank 3 were expected`,
      { path: paths[0]!, offset: 0 },
    );
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new DataError(
      `${caller}: ${paths[1]} holds shape [${labels.shape.join(",")}]; one label for each of ${count} pictures was expected`,
      { path: paths[1]!, offset: 4 },
    );
  }
  const numClasses = 10;
  const bad = labels.data.findIndex((label) => !(label >= 0 && label < numClasses));
  if (bad >= 0) {
    throw new DataError(
      `${caller}: ${paths[1]} holds label ${labels.data[bad]} at byte ${8 + bad}; 0 to 9 was expected`,
      { path: paths[1]!, offset: 8 + bad },
    );
  }
  const size = height * width;
  return imageSet(
    byteImages({
      name,
      length: count,
      imageShape: [height, width, 1],
      numClasses,
      ...(classNames && { classNames }),
      labels: labels.data,
      bytes: images.data,
      start: (index) => index * size,
      white: 255,
    }),
  );
}
