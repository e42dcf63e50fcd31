import type { Checksum } from "../download/index.js";

/** Names of the data sets that can be found, read and downloaded. */
export type DataName = "mnist" | "fashion-mnist" | "cifar10" | "cifar100" | "optdigits";

/** A file that is downloaded. */
export interface DataDownload {
  /** Name under which it is kept. */
  file: string;
  /** Public address. */
  url: string;
  /** Published checksum, where there is one. */
  checksum?: Checksum;
  /** Size in bytes, where it is known. */
  bytes?: number;
  /** For a gzipped tar archive: the members that are kept. */
  members?: readonly string[];
}

/** A data set that the readers know. */
export interface DataSource {
  /** Name, as in `findData(name)`. */
  name: DataName;
  /** One line about it. */
  title: string;
  /** Who made it, where it is described, and its licence where one is stated. */
  origin: string;
  /** Folders it may lie in, the one that `downloadData` makes first. */
  folders: readonly string[];
  /** Files without which it counts as missing. */
  required: readonly string[];
  /** Bytes of each file when unpacked; the check of `checkData`. */
  sizes: Readonly<Record<string, number>>;
  /** SHA-256 of files when unpacked, where it is known for certain. */
  sha256?: Readonly<Record<string, string>>;
  /** Other names that a file is given elsewhere, itself included. */
  aliases?: Readonly<Record<string, readonly string[]>>;
  /** Whether other data sets use the same file names. */
  sharesFileNames?: boolean;
  /** What is downloaded. */
  downloads: readonly DataDownload[];
}

const IDX_FILES = {
  "train-images-idx3-ubyte": 47_040_016,
  "train-labels-idx1-ubyte": 60_008,
  "t10k-images-idx3-ubyte": 7_840_016,
  "t10k-labels-idx1-ubyte": 10_008,
} as const;

const IDX_ALIASES = Object.fromEntries(
  Object.keys(IDX_FILES).map((file) => [file, [file, file.replace("-idx", ".idx")]]),
);

const idxDownloads = (base: string, checksums: readonly string[]): DataDownload[] =>
  Object.keys(IDX_FILES).map((file, i) => ({
    file: `${file}.gz`,
    url: `${base}${file}.gz`,
    checksum: { algorithm: "md5", hex: checksums[i]! },
  }));

const CIFAR10_BATCHES = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`);

/** The data sets that `findData`, `downloadData` and `checkData` know, with files, sizes and published checksums. */
export const dataSources: readonly DataSource[] = [
  {
    name: "mnist",
    title: "60,000 + 10,000 handwritten digits, 28×28 grey",
    origin: "Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits",
    folders: ["mnist", "MNIST/raw", "MNIST"],
    required: ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
    sizes: IDX_FILES,
    sha256: {
      "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    aliases: IDX_ALIASES,
    sharesFileNames: true,
    downloads: idxDownloads("https://ossci-datasets.s3.amazonaws.com/mnist/", [
      "f68b3c2dcbeaaa9fbdd348bbdeb94873",
      "d53e105ee54ea40749a09fcbcd1e9432",
      "9fb629c4189551a2d022fa330f9573f3",
      "ec29112dd5afa0611ce80d1b7f02629c",
    ]),
  },
  {
    name: "fashion-mnist",
    title: "60,000 + 10,000 pieces of clothing, 28×28 grey, in MNIST's format",
    origin: "H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST, arXiv 1708.07747; MIT",
    folders: ["fashion-mnist", "FashionMNIST/raw", "fashion"],
    required: ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
    sizes: IDX_FILES,
    aliases: IDX_ALIASES,
    sharesFileNames: true,
    downloads: idxDownloads("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", [
      "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
      "25c81989df183df01b3e8a0aad5dffbe",
      "bef4ecab320f06d8554ea6380940ec79",
      "bb300cfdad3c16e7a12a480ee83cd310",
    ]),
  },
  {
    name: "cifar10",
    title: "50,000 + 10,000 pictures of ten kinds of things, 32×32 colour",
    origin: "A. Krizhevsky (2009), Learning multiple layers of features from tiny images",
    folders: ["cifar10", "cifar-10-batches-bin", "cifar-10"],
    required: ["data_batch_1.bin", "test_batch.bin"],
    sizes: Object.fromEntries([...CIFAR10_BATCHES, "test_batch.bin"].map((file) => [file, 30_730_000])),
    downloads: [
      {
        file: "cifar-10-binary.tar.gz",
        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        checksum: { algorithm: "md5", hex: "c32a1d4ab5d03f1284b67883e8d87530" },
        members: [...CIFAR10_BATCHES, "test_batch.bin"],
      },
    ],
  },
  {
    name: "cifar100",
    title: "50,000 + 10,000 pictures of a hundred kinds of things, 32×32 colour",
    origin: "A. Krizhevsky (2009), Learning multiple layers of features from tiny images",
    folders: ["cifar100", "cifar-100-binary", "cifar-100"],
    required: ["train.bin", "test.bin"],
    sizes: { "train.bin": 153_700_000, "test.bin": 30_740_000 },
    downloads: [
      {
        file: "cifar-100-binary.tar.gz",
        url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        checksum: { algorithm: "md5", hex: "03b5dce01913d631647c71ecec9e9cb8" },
        members: ["train.bin", "test.bin"],
      },
    ],
  },
  {
    name: "optdigits",
    title: "1,797 handwritten digits, 8×8 counts from 0 to 16 (the test part of the UCI set)",
    origin:
      "E. Alpaydin, C. Kaynak (1998), Optical recognition of handwritten digits, UCI machine learning repository; CC BY 4.0",
    folders: ["optdigits"],
    required: ["optdigits.tes"],
    sizes: { "optdigits.tes": 264_712 },
    downloads: [
      {
        file: "optdigits.tes",
        url: "https://archive.ics.uci.edu/ml/machine-learning-databases/optdigits/optdigits.tes",
      },
    ],
  },
];
