import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { expect, test } from "vitest";
import { csv, type Dataset, imageFolder, npy } from "../../src/data/index.js";
import { DataError } from "../../src/errors/index.js";
import { writeNpy } from "../../src/io/index.js";

const folder = () => mkdtempSync(join(tmpdir(), "lab-tables-"));

async function all<T>(dataset: Dataset<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const element of dataset) out.push(element);
  return out;
}

test("rows of a CSV file have their columns' names, and numbers where they are numbers", async () => {
  const path = join(folder(), "x.csv");
  writeFileSync(path, '\ufeffname,x,y\n"a, b",1,-2.5e3\nc,0x10,\n"1e",.5,7\n');
  const rows = [
    { name: "a, b", x: 1, y: -2500 },
    { name: "c", x: "0x10", y: "" },
    { name: "1e", x: 0.5, y: 7 },
  ];
  expect(await all(csv(path))).toEqual(rows);
  expect(
    await all(
      csv(path)
        .filter(({ y }) => y === 7)
        .map(({ x }) => x),
    ),
  ).toEqual([0.5]);
  expect((await all(csv(path, { numbers: false })))[0]).toEqual({ name: "a, b", x: "1", y: "-2.5e3" });
  for await (const row of csv(path)) {
    expect(row).toEqual(rows[0]);
    break; // leaving early closes the file
  }
  writeFileSync(`${path}.gz`, gzipSync("# note\n1;2\n3;4\n"));
  const options = { columns: ["a", "b"], delimiter: ";", comment: "#" };
  expect(await all(csv(`${path}.gz`, options))).toEqual([
    { a: 1, b: 2 },
    { a: 3, b: 4 },
  ]);
});

test("broken tables are refused", async () => {
  const path = join(folder(), "x.csv");
  writeFileSync(path, "a,b\n1,2\n3\n");
  await expect(all(csv(path))).rejects.toThrow(/csv: .*x.csv cannot be read.*as columns was expected/);
  await expect(all(csv(join(folder(), "none.csv")))).rejects.toThrow(DataError);
});

test("arrays of NumPy are read from plain and gzipped files", async () => {
  const path = join(folder(), "x.npy");
  await writeNpy(path, { shape: [2], data: Float32Array.of(1, 2) });
  expect(npy(path)).toEqual({ shape: [2], data: Float32Array.of(1, 2), dtype: "<f4" });
  expect(() => npy(join(folder(), "none"))).toThrow(/npy: .*ENOENT/);
});

async function pictures(): Promise<string> {
  const dir = folder();
  for (const name of ["b", "a/deep"]) mkdirSync(join(dir, name), { recursive: true });
  const picture = (r: number, g: number, b: number, width: number) =>
    sharp({ create: { width, height: 4, channels: 3, background: { r, g, b } } });
  await picture(255, 0, 51, 8)
    .png()
    .toFile(join(dir, "b", "wide.png"));
  await picture(0, 0, 0, 4).toFile(join(dir, "b", "black.webp"));
  await picture(255, 255, 255, 4)
    .jpeg()
    .toFile(join(dir, "a", "deep", "white.JPG"));
  writeFileSync(join(dir, "b", "notes.txt"), "no picture");
  return dir;
}

test("pictures of a folder have the class of their subfolder and one size", async () => {
  const set = imageFolder(await pictures(), { size: [2, 3] });
  expect(set.classNames).toEqual(["a", "b"]);
  expect([...set.labels]).toEqual([0, 1, 1]);
  const [white, , red] = await all(set);
  expect(white!.x.shape).toEqual([2, 3, 3]);
  expect(Math.min(...(await white!.x.data()))).toBeGreaterThan(0.99);
  expect(red!.label).toBe(1);
  const [r, g, b] = (await red!.x.data()).subarray(0, 3);
  expect([r, g]).toEqual([1, 0]);
  expect(b).toBeCloseTo(0.2, 6);
  const [batch] = await all(set.batch(3));
  expect(batch!.x.shape).toEqual([3, 2, 3, 3]);
  expect(batch!.label).toEqual([0, 1, 1]);
  const { x, labels, shape } = await set.read([2, 0]);
  expect(shape).toEqual([2, 2, 3, 3]);
  expect([...labels]).toEqual([1, 0]);
  expect([...x]).toEqual([...(await red!.x.data()), ...(await white!.x.data())]);
  await expect(set.read([3])).rejects.toThrow("index is 3");
});

test("pictures can be grey, padded or distorted", async () => {
  const dir = await pictures();
  const grey = await imageFolder(dir, { size: 4, channels: 1 }).get(0);
  expect(grey.x.shape).toEqual([4, 4, 1]);
  const padded = await (await imageFolder(dir, { size: 4, fit: "contain" }).get(2)).x.data();
  expect(padded[0]).toBe(0); // a bar above the wide picture
  const distorted = await (await imageFolder(dir, { size: 4, fit: "fill" }).get(2)).x.data();
  expect(distorted[0]).toBe(1);
});

test("a folder without classes and a broken picture are refused", async () => {
  expect(() => imageFolder(folder(), { size: 4 })).toThrow(/one subfolder a class/);
  expect(() => imageFolder(join(folder(), "none"), { size: 4 })).toThrow(DataError);
  const dir = folder();
  mkdirSync(join(dir, "c"));
  writeFileSync(join(dir, "c", "x.png"), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 1, 2, 3));
  await expect(imageFolder(dir, { size: 4 }).get(0)).rejects.toThrow(/x.png cannot be decoded/);
});
