import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cifar10, cifar100, fashionMnist, findData, idx, mnist, optdigits } from "../../src/data/index.js";
import { ArgumentError, DataError } from "../../src/errors/index.js";
import { mulberry32 } from "../../src/testing/index.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lab-data-"));
  vi.stubEnv("LAB_DATA_DIR", "");
  vi.stubEnv("LAB_CACHE_DIR", join(dir, "cache"));
});
afterEach(() => vi.unstubAllEnvs());

function put(path: string, bytes: Uint8Array | string): string {
  const full = join(dir, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, bytes);
  return full;
}

function idxFile(type: number, shape: readonly number[], values: readonly number[]): Uint8Array {
  const head = [
    0,
    0,
    type,
    shape.length,
    ...shape.flatMap((n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]),
  ];
  return Uint8Array.from([...head, ...values]);
}

const ramp = (n: number) => Array.from({ length: n }, (_, i) => i % 256);

function putMnist(folder: string, prefix = "t10k"): void {
  put(join(folder, `${prefix}-images-idx3-ubyte`), idxFile(8, [3, 2, 4], ramp(24)));
  put(join(folder, `${prefix}-labels-idx1-ubyte.gz`), gzipSync(idxFile(8, [3], [7, 0, 9])));
}

function caught(body: () => unknown): DataError {
  try {
    body();
  } catch (error) {
    return error as DataError;
  }
  throw new Error("nothing was thrown");
}

test("MNIST files give pictures and labels, plain or gzipped, in a subfolder or directly", async () => {
  putMnist("a/mnist");
  putMnist("b");
  for (const folder of ["a", "b", "a/mnist"]) {
    const set = mnist({ dir: join(dir, folder), split: "test" });
    expect([set.length, set.imageShape, set.numClasses, set.name]).toEqual([3, [2, 4, 1], 10, "mnist"]);
    const { x, labels, shape } = set.arrays();
    expect(shape).toEqual([3, 2, 4, 1]);
    expect([...labels]).toEqual([7, 0, 9]);
    expect(x).toEqual(Float32Array.from(ramp(24), (byte) => byte / 255));
    const second = await set.get(1);
    expect([...(await second.x.data())]).toEqual([...x.subarray(8, 16)]);
    expect(second.label).toBe(0);
  }
});

test("data are looked for in dir, LAB_DATA_DIR and the cache, in that order", async () => {
  expect(await findData("mnist")).toBeNull();
  expect(() => mnist({ split: "test" })).toThrow(/LAB_DATA_DIR.*npx lab data get mnist/);
  putMnist("cache/data/mnist");
  expect(await findData("mnist")).toEqual({ dir: join(dir, "cache/data/mnist"), source: "cache" });
  putMnist("env");
  vi.stubEnv("LAB_DATA_DIR", join(dir, "env"));
  // Loose files under these names could be Fashion-MNIST's as well.
  expect((await findData("mnist"))?.source).toBe("cache");
  putMnist("env/mnist");
  expect(await findData("mnist")).toEqual({ dir: join(dir, "env/mnist"), source: "LAB_DATA_DIR" });
  putMnist("mine");
  expect(await findData("mnist", { dir: join(dir, "mine") })).toEqual({
    dir: join(dir, "mine"),
    source: "dir",
  });
  expect(mnist({ split: "test" }).length).toBe(3);
  expect(await findData("fashion-mnist")).toBeNull();
  putMnist("env/FashionMNIST/raw");
  expect(fashionMnist({ split: "test" }).classNames?.[9]).toBe("Ankle boot");
  await expect(findData("imagenet" as never)).rejects.toThrow(ArgumentError);
});

test("CIFAR-10 records become red, green, blue per pixel; several batches are joined", () => {
  const record = (label: number, shift: number) => [label, ...ramp(3072).map((v) => (v + shift) % 256)];
  put("cifar10/data_batch_1.bin.gz", gzipSync(Uint8Array.from([...record(3, 0), ...record(9, 1)])));
  put("cifar10/data_batch_2.bin", Uint8Array.from(record(0, 2)));
  put("cifar10/test_batch.bin", Uint8Array.from(record(5, 3)));
  const set = cifar10({ dir, split: "train" });
  const { x, labels, shape } = set.arrays();
  expect(shape).toEqual([3, 32, 32, 3]);
  expect([...labels]).toEqual([3, 9, 0]);
  // Pixel 5 of record r: bytes 5, 1024 + 5 and 2048 + 5 of its planes.
  for (const r of [0, 1, 2]) {
    const expected = [5, 1029, 2053].map((byte) => Math.fround((((byte % 256) + r) % 256) / 255));
    expect([...x.subarray(3072 * r + 15, 3072 * r + 18)]).toEqual(expected);
  }
  expect(cifar10({ dir, split: "test" }).arrays().labels[0]).toBe(5);
});

test("CIFAR-100 has fine and coarse labels", () => {
  put("cifar-100-binary/test.bin", Uint8Array.from([19, 99, ...ramp(3072)]));
  expect(cifar100({ dir, split: "test" }).arrays().labels[0]).toBe(99);
  const coarse = cifar100({ dir, split: "test", labels: "coarse" });
  expect([coarse.arrays().labels[0], coarse.numClasses]).toEqual([19, 20]);
});

test("UCI digits are sixteenths", () => {
  const line = (label: number) => [...ramp(64).map((v) => v % 17), label].join(",");
  put("optdigits/optdigits.tes", `${line(4)}\n${line(0)}\n`);
  const { x, labels, shape } = optdigits({ dir }).arrays();
  expect(shape).toEqual([2, 8, 8, 1]);
  expect([...labels]).toEqual([4, 0]);
  expect(x[20]).toBe(3 / 16);
});

test("IDX files of every type are read big-endian", () => {
  expect(idx(put("a", idxFile(8, [2, 2], [1, 2, 3, 255])))).toEqual({
    shape: [2, 2],
    data: Uint8Array.of(1, 2, 3, 255),
  });
  expect(idx(put("b", idxFile(9, [2], [1, 255]))).data).toEqual(Int8Array.of(1, -1));
  expect(idx(put("c", idxFile(11, [2], [0, 1, 255, 254]))).data).toEqual(Int16Array.of(1, -2));
  expect(idx(put("d", idxFile(12, [1], [0, 0, 1, 0]))).data).toEqual(Int32Array.of(256));
  expect(idx(put("e", idxFile(13, [1], [0x3f, 0x80, 0, 0]))).data).toEqual(Float32Array.of(1));
  expect(idx(put("f", idxFile(14, [1], [0xc0, 0, 0, 0, 0, 0, 0, 0]))).data).toEqual(Float64Array.of(-2));
});

test("broken files are refused with path and offset", () => {
  const whole = idxFile(8, [3, 2, 4], ramp(24));
  const cases: [Uint8Array, number, RegExp][] = [
    [whole.subarray(0, 3), 3, /ends at byte 3/],
    [whole.subarray(0, 10), 10, /a header of 16 bytes/],
    [whole.subarray(0, 39), 39, /40 bytes for shape \[3,2,4\]/],
    [Uint8Array.from([...whole, 0]), 40, /goes on at byte 40/],
    [Uint8Array.from([1, ...whole.subarray(1)]), 0, /two zero bytes/],
    [Uint8Array.from([0, 0, 10, ...whole.subarray(3)]), 2, /type 10/],
    // Sizes that would need terabytes must not be believed.
    [idxFile(14, [0x7fffffff, 0x7fffffff], [1]), 13, /ends at byte 13/],
  ];
  for (const [i, [bytes, offset, text]] of cases.entries()) {
    const path = put(`broken${i}`, bytes);
    const error = caught(() => idx(path));
    expect(error).toBeInstanceOf(DataError);
    expect([error.path, error.offset]).toEqual([path, offset]);
    expect(error.message).toMatch(text);
    expect(error.message).toContain(path);
  }
  const zipped = gzipSync(whole);
  const path = put("cut.gz", zipped.subarray(0, zipped.length - 9));
  expect(caught(() => idx(path)).offset).toBe(zipped.length - 9);
  expect(caught(() => idx(join(dir, "none"))).message).toMatch(/cannot be read/);
});

test("labels and records that do not fit are refused", () => {
  put("m/t10k-images-idx3-ubyte", idxFile(8, [2, 1, 1], [0, 1]));
  put("m/t10k-labels-idx1-ubyte", idxFile(8, [2], [3, 10]));
  expect(caught(() => mnist({ dir: join(dir, "m"), split: "test" })).offset).toBe(9);
  put("m/t10k-labels-idx1-ubyte", idxFile(8, [3], [1, 2, 3]));
  expect(() => mnist({ dir: join(dir, "m"), split: "test" })).toThrow(/one label for each of 2/);
  put("c/test_batch.bin", new Uint8Array(3072));
  expect(caught(() => cifar10({ dir: join(dir, "c"), split: "test" })).offset).toBe(3072);
  put("c/test_batch.bin", Uint8Array.of(10, ...new Uint8Array(3072)));
  expect(caught(() => cifar10({ dir: join(dir, "c"), split: "test" })).offset).toBe(0);
  put("o/optdigits.tes", `${"0,".repeat(64)}1\n${"0,".repeat(63)}17,1\n`);
  expect(caught(() => optdigits({ dir: join(dir, "o") })).offset).toBe(130);
  expect(() => mnist({ dir: join(dir, "none"), split: "test" })).toThrow(/holds no t10k-images/);
  expect(() => mnist({ split: "valid" as never })).toThrow(ArgumentError);
});

test("no mutation of a file gets past the reader as anything but data or a DataError", () => {
  const next = mulberry32(1);
  const whole = idxFile(12, [2, 3], ramp(24));
  for (let trial = 0; trial < 200; trial++) {
    const bytes = Uint8Array.from(
      whole.subarray(0, next() < 0.3 ? Math.floor(next() * whole.length) : whole.length),
    );
    for (let change = 0; change < 3; change++)
      bytes[Math.floor(next() * Math.min(bytes.length, 14))] = next() * 256;
    const path = put("mutant", bytes);
    try {
      const { shape, data } = idx(path);
      expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
    }
  }
});
