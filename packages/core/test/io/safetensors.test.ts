import { appendFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { ArgumentError, DataError, LabError, ShapeError } from "../../src/errors/index.js";
import {
  encodeSafetensors,
  loadParameters,
  readSafetensors,
  type SafetensorsEntry,
  saveParameters,
  writeSafetensors,
} from "../../src/io/index.js";
import { fromHalf, toBfloat, toHalf, widen } from "../../src/io/safetensors/dtypes.js";
import { mulberry32 } from "../../src/testing/index.js";

// Files of the reference libraries, made by reference/files.py.
const golden = JSON.parse(readFileSync(new URL("./reference/files.json", import.meta.url), "utf8"));
const torchFile = () => new Uint8Array(Buffer.from(golden.safetensors, "base64"));
const folder = () => mkdtempSync(join(tmpdir(), "lab-safetensors-"));

test("a file of PyTorch is read, from bytes and from disk", async () => {
  const path = join(folder(), "torch.safetensors");
  writeFileSync(path, torchFile());
  for (const source of [path, torchFile(), torchFile().buffer as ArrayBuffer]) {
    const reader = readSafetensors(source);
    expect(reader.metadata).toEqual({ made: "by torch" });
    expect(reader.names().length).toBe(13);
    const read = async (name: string) => {
      const tensor = await reader.tensor(name);
      expect(tensor.shape).toEqual(reader.info(name).shape);
      return [tensor.dtype, Array.from(await tensor.data())];
    };
    expect(await read("f32")).toEqual(["float32", [0, 0.25, 0.5, 0.75, 1, 1.25]]);
    expect(await read("f64")).toEqual(["float32", [1.5, -2.25, 0]]);
    expect(await read("f16")).toEqual(["float32", [1, -2.5, 65504, 2 ** -24, Number.POSITIVE_INFINITY]]);
    const [kind, brain] = await read("bf16");
    expect([kind, (brain as number[]).slice(0, 2)]).toEqual(["float32", [1, -3.140625]]);
    expect((brain as number[])[2]! / 1e38).toBeCloseTo(1, 2);
    expect(await read("i64")).toEqual(["int32", [-(2 ** 31), 2 ** 31 - 1, 7]]);
    expect(await read("i32")).toEqual(["int32", [1, -2]]);
    expect(await read("i16")).toEqual(["int32", [-300, 300]]);
    expect(await read("i8")).toEqual(["int32", [-128, 127]]);
    expect(await read("u8")).toEqual(["int32", [0, 255]]);
    expect(await read("bool")).toEqual(["bool", [1, 0, 1]]);
    expect(await read("scalar")).toEqual(["float32", [3.5]]);
    expect(await read("empty")).toEqual(["float32", []]);
    expect(await reader.array("f64")).toEqual(Float64Array.of(1.5, -2.25, 1e-300));
    expect(await reader.array("wide")).toEqual(BigInt64Array.of(2n ** 40n));
    await expect(reader.tensor("wide")).rejects.toThrow(/1099511627776 in "wide".*read it with array/);
  }
});

test("half precision and bfloat16 round as PyTorch's do", () => {
  expect(golden.half.values.map(toHalf)).toEqual(golden.half.f16);
  expect(golden.half.values.map(toBfloat)).toEqual(golden.half.bf16);
  const wide = new Float32Array(65537);
  widen(
    "F16",
    Uint16Array.from({ length: 65536 }, (_, code) => code),
    wide,
    1,
  );
  expect(wide.subarray(1)).toEqual(Float32Array.from({ length: 65536 }, (_, code) => fromHalf(code)));
  for (let code = 0; code < 65536; code++) {
    const value = fromHalf(code);
    if (Number.isNaN(value)) expect(toHalf(value) & 0x7fff).toBeGreaterThan(0x7c00);
    else expect(toHalf(value)).toBe(code);
  }
});

test("what is written is read again, from a record, a map and a stream", async () => {
  const half = Float32Array.of(0.5, -1.25);
  const entries = (): Record<string, SafetensorsEntry> => ({
    bytes: { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) },
    weights: tf.tensor2d([
      [1, 2],
      [3, 4.5],
    ]),
    half: { dtype: "F16", shape: [2], data: half },
    brain: { dtype: "BF16", shape: [1, 2], data: half },
    flags: tf.tensor1d([true, false], "bool"),
    counts: tf.tensor1d([1, -2], "int32"),
    wide: { dtype: "I64", shape: [], data: BigInt64Array.of(-5n) },
    __proto__x: tf.scalar(1),
    "0": tf.zeros([0, 2]),
  });
  async function* stream() {
    yield* Object.entries(entries());
  }
  const dir = folder();
  const sources = [entries(), new Map(Object.entries(entries())), stream()];
  for (const [i, source] of sources.entries()) {
    const path = join(dir, `${i}.safetensors`);
    await writeSafetensors(path, source, { note: "ü" });
    const reader = readSafetensors(path);
    expect(new Set(reader.names())).toEqual(new Set(Object.keys(entries())));
    expect(reader.metadata).toEqual({ note: "ü" });
    expect(await reader.array("bytes")).toEqual(Uint8Array.of(1, 2, 255));
    expect(await (await reader.tensor("weights")).array()).toEqual([
      [1, 2],
      [3, 4.5],
    ]);
    expect(await reader.array("half")).toEqual(half);
    expect(await (await reader.tensor("brain")).array()).toEqual([[0.5, -1.25]]);
    expect(Array.from(await (await reader.tensor("flags")).data())).toEqual([1, 0]);
    expect(Array.from(await (await reader.tensor("counts")).data())).toEqual([1, -2]);
    expect(await reader.array("wide")).toEqual(BigInt64Array.of(-5n));
    expect((await reader.tensor("0")).shape).toEqual([0, 2]);
    if (i === 2) continue; // a stream keeps its order
    const widths = { wide: 8, weights: 4, counts: 4, half: 2, brain: 2 };
    for (const [name, width] of Object.entries(widths)) expect(reader.info(name).offset % width).toBe(0);
  }
  expect(readdirSync(dir).sort()).toEqual(["0.safetensors", "1.safetensors", "2.safetensors"]);
  expect(await encodeSafetensors(entries(), { note: "ü" })).toEqual(
    new Uint8Array(readFileSync(join(dir, "0.safetensors"))),
  );
});

test("only what is asked for is shown", async () => {
  const bytes = await encodeSafetensors({ a: tf.scalar(1), b: tf.scalar(2), "b.c": tf.scalar(3) });
  expect(readSafetensors(bytes, { only: ["b"] }).names()).toEqual(["b"]);
  expect(readSafetensors(bytes, { only: (name) => name.startsWith("b") }).names()).toEqual(["b", "b.c"]);
  expect(() => readSafetensors(bytes, { only: ["x"] })).toThrow(/"x" is not in bytes/);
  await expect(readSafetensors(bytes, { only: ["b"] }).tensor("a")).rejects.toThrow(ArgumentError);
});

test("parameters are saved and loaded under their names", async () => {
  const path = join(folder(), "deep", "p.safetensors");
  const parameters = new Map<string, tf.Tensor>([
    ["dense/kernel", tf.tensor2d([[1], [2]])],
    ["dense/bias", tf.tensor1d([3])],
  ]);
  await saveParameters(path, parameters, { step: "5" });
  const before = tf.memory().numTensors;
  const loaded = await loadParameters(path);
  expect(tf.memory().numTensors - before).toBe(2);
  expect([...loaded.keys()].sort()).toEqual(["dense/bias", "dense/kernel"]);
  expect(await loaded.get("dense/kernel")!.array()).toEqual([[1], [2]]);
});

test("wrong entries are refused and leave nothing behind", async () => {
  const dir = folder();
  const path = join(dir, "x");
  const values = { dtype: "F32", shape: [2], data: Float32Array.of(1) } as const;
  await expect(writeSafetensors(path, { values })).rejects.toThrow(ShapeError);
  const wrong = { dtype: "I32", shape: [1], data: Float32Array.of(1) } as const;
  await expect(writeSafetensors(path, { wrong })).rejects.toThrow(/Float32Array; a Int32Array/);
  await expect(writeSafetensors(path, { __metadata__: tf.scalar(1) })).rejects.toThrow(/reserved/);
  await expect(writeSafetensors(path, {}, { step: 5 as never })).rejects.toThrow(/metadata.step is a number/);
  async function* failing() {
    yield ["a", tf.scalar(1)] as const;
    throw new RangeError("stop");
  }
  await expect(writeSafetensors(path, failing())).rejects.toThrow("stop");
  async function* twice() {
    yield ["a", tf.scalar(1)] as const;
    yield ["a", tf.scalar(1)] as const;
  }
  await expect(writeSafetensors(path, twice())).rejects.toThrow(/"a" twice/);
  expect(readdirSync(dir)).toEqual([]);
});

function withHeader(header: unknown, data = new Uint8Array(8)): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + text.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  out.set(data, 8 + text.length);
  return out;
}

test("hostile files are refused with the offset and the reason", () => {
  const good = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  expect(readSafetensors(withHeader({ a: good })).names()).toEqual(["a"]);
  const huge = new Uint8Array(16);
  huge[7] = 0x7f;
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(3), /ends at byte 3/],
    [new Uint8Array(8), /declares a header of 0 bytes/],
    [huge, /declares a header of 9151314442816847872 bytes/],
    [withHeader("{x"), /not JSON/],
    [withHeader("[]"), /no object/],
    [withHeader({ a: 1 }), /"a" with no description/],
    [withHeader({ a: { ...good, dtype: "F8" } }), /dtype "F8"/],
    [withHeader({ a: { ...good, dtype: "constructor" } }), /dtype "constructor"/],
    [withHeader({ a: { ...good, shape: [-2] } }), /broken shape/],
    [withHeader({ a: { ...good, shape: [1.5] } }), /broken shape/],
    [withHeader({ a: { ...good, shape: [2 ** 40, 2 ** 40] } }), /8 bytes for F32 of shape/],
    [withHeader({ a: { ...good, shape: [3] } }), /12 bytes was expected/],
    [withHeader({ a: { ...good, data_offsets: [0, 80] } }), /data_offsets \[0,80\].*within 8 bytes/],
    [withHeader({ a: { ...good, data_offsets: [8, 0] } }), /data_offsets \[8,0\]/],
    [withHeader({ a: { ...good, data_offsets: [0] } }), /broken data_offsets/],
    [withHeader({ a: good, b: good }), /no gap and no overlap/],
    [withHeader({ a: { dtype: "F32", shape: [1], data_offsets: [4, 8] } }), /no gap and no overlap/],
    [withHeader({ a: good }, new Uint8Array(9)), /where its last tensor ends/],
    [withHeader({ __metadata__: { a: 1 } }, new Uint8Array(0)), /__metadata__.a that is no text/],
  ];
  for (const [bytes, text] of cases) {
    let error: unknown;
    try {
      readSafetensors(bytes);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toMatch(text);
    expect((error as DataError).offset).toBeTypeOf("number");
  }
});

test("400 mutated files give data or an error of ours, quickly and without large allocations", async () => {
  const next = mulberry32(5);
  const whole = torchFile();
  const before = process.memoryUsage().arrayBuffers;
  let refused = 0;
  for (let trial = 0; trial < 400; trial++) {
    const length = next() < 0.25 ? Math.floor(next() * whole.length) : whole.length;
    const bytes = whole.slice(0, length);
    // Mostly in the header, where the structure is.
    for (let change = 0; change < 1 + 3 * next(); change++) {
      bytes[Math.floor(next() * Math.min(length, next() < 0.2 ? 8 : 1100))] = Math.floor(256 * next());
    }
    try {
      const reader = readSafetensors(bytes);
      for (const name of reader.names())
        expect((await reader.array(name)).byteLength).toBeLessThanOrEqual(2 * whole.length);
    } catch (error) {
      if (!LabError.is(error)) throw error;
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(200);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64e6);
});

test("a file that changes after its header was read is not read further", async () => {
  const path = join(folder(), "x.safetensors");
  await writeSafetensors(path, { a: tf.scalar(1) });
  const reader = readSafetensors(path);
  appendFileSync(path, "more");
  await expect(reader.tensor("a")).rejects.toThrow(/has changed/);
  expect(() => readSafetensors(join(folder(), "none"))).toThrow(/cannot be read.*ENOENT/);
});

test("values that are converted in several pieces arrive whole and in order, from a file and from bytes", async () => {
  const count = 3 * 2 ** 19 + 5;
  const half = Uint16Array.from({ length: count }, (_, i) => (i * 40503) & 0x7bff);
  const wide = Float64Array.from({ length: count }, (_, i) => i / 3);
  const path = join(folder(), "pieces.safetensors");
  await writeSafetensors(path, {
    half: { dtype: "F16", shape: [count], data: half },
    wide: { dtype: "F64", shape: [count], data: wide },
  });
  for (const source of [path, new Uint8Array(readFileSync(path))]) {
    const reader = readSafetensors(source);
    const halves = (await reader.array("half")) as Float32Array;
    expect(halves.findIndex((value, i) => value !== fromHalf(half[i]!))).toBe(-1);
    const narrowed = await (await reader.tensor("wide")).data();
    expect(narrowed.findIndex((value, i) => value !== Math.fround(i / 3))).toBe(-1);
  }
});
