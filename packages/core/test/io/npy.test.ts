import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ArgumentError, DataError, LabError } from "../../src/errors/index.js";
import { type NpyValues, readNpy, readNpz, writeNpy, writeNpz } from "../../src/io/index.js";
import { mulberry32 } from "../../src/testing/index.js";

// Files of NumPy, made by reference/files.py.
const golden = JSON.parse(readFileSync(new URL("./reference/files.json", import.meta.url), "utf8"));
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
const folder = () => mkdtempSync(join(tmpdir(), "lab-npy-"));
const number = (text: string) => (text === "True" ? 1 : text === "False" ? 0 : Number(text));

test.each(Object.keys(golden.npy))("NumPy's %s is read", async (name) => {
  const { file, shape, values } = golden.npy[name];
  const path = join(folder(), "x.npy");
  writeFileSync(path, bytesOf(file));
  for (const source of [bytesOf(file), path]) {
    const array = await readNpy(source);
    expect(array.shape).toEqual(shape);
    const isBig = array.data instanceof BigInt64Array || array.data instanceof BigUint64Array;
    expect(Array.from(array.data as Float64Array)).toEqual(values.map(isBig ? BigInt : number));
  }
});

test("archives are read and written, packed or not", async () => {
  for (const name of ["npz", "npzCompressed"]) {
    const arrays = await readNpz(bytesOf(golden[name]));
    expect([...arrays.keys()]).toEqual(["a", "b"]);
    expect(arrays.get("a")).toEqual({
      shape: [2, 3],
      data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25),
      dtype: "<f4",
    });
    expect(arrays.get("b")!.data).toEqual(BigInt64Array.of(2n ** 40n, -1n));
  }
  for (const compress of [false, true]) {
    const path = join(folder(), "x.npz");
    const values = {
      a: { shape: [2], data: Float64Array.of(1, 2) },
      "b/c": { shape: [], data: Int16Array.of(-1) },
    };
    await writeNpz(path, values, { compress });
    expect(await readNpz(path)).toEqual(
      new Map([
        ["a", { ...values.a, dtype: "<f8" }],
        ["b/c", { ...values["b/c"], dtype: "<i2" }],
      ]),
    );
  }
});

test("what is written is byte for byte what NumPy writes", async () => {
  const path = join(folder(), "x.npy");
  const cases: Record<string, NpyValues> = {
    f4: { shape: [2, 3], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) },
    f8: { shape: [2], data: Float64Array.of(1.5, -2.25) },
    i4: { shape: [2, 1], data: Int32Array.of(1, -2) },
    u1: { shape: [2], data: Uint8Array.of(0, 255) },
    bool: { shape: [2], data: Uint8Array.of(1, 0), dtype: "|b1" },
    scalar: { shape: [], data: Float32Array.of(3.5) },
    empty: { shape: [0, 4], data: new Float32Array(0) },
  };
  for (const [name, values] of Object.entries(cases)) {
    await writeNpy(path, values);
    expect(readFileSync(path).toString("base64")).toBe(golden.npy[name].file);
  }
});

test("what is no array of numbers is refused with the offset", async () => {
  await expect(readNpy(bytesOf(golden.objects))).rejects.toThrow(/holds \|O/);
  await expect(readNpy(Uint8Array.of(1, 2, 3))).rejects.toThrow(/does not begin as an npy file/);
  const whole = bytesOf(golden.npy.f4.file);
  const error = await readNpy(whole.subarray(0, whole.length - 1)).catch(
    (reason: unknown) => reason as DataError,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).offset).toBe(whole.length - 1);
  await expect(readNpz(whole)).rejects.toThrow(/zip archive of npy files/);
  await expect(readNpy(join(folder(), "none.npy"))).rejects.toThrow(/ENOENT/);
  const path = join(folder(), "x");
  await expect(writeNpy(path, { shape: [3], data: Int8Array.of(1) })).rejects.toThrow(ArgumentError);
  await expect(writeNpy(path, { shape: [1], data: Int8Array.of(1), dtype: "<f4" })).rejects.toThrow(
    /dtype is <f4/,
  );
});

test("600 mutated files give data or an error of ours", async () => {
  const next = mulberry32(7);
  for (const [whole, read] of [
    [bytesOf(golden.npy.fortran.file), readNpy],
    [bytesOf(golden.npz), readNpz],
    [bytesOf(golden.npzCompressed), readNpz],
  ] as const) {
    for (let trial = 0; trial < 200; trial++) {
      const bytes = whole.slice(0, next() < 0.25 ? Math.floor(next() * whole.length) : whole.length);
      for (let change = 0; change < 1 + 3 * next(); change++)
        bytes[Math.floor(next() * bytes.length)] = 256 * next();
      try {
        await read(bytes);
      } catch (error) {
        if (!LabError.is(error)) throw error;
      }
    }
  }
});
