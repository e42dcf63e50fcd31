import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DataError } from "../../src/errors/index.js";
import { atomicWriteWith } from "../../src/io/atomic-write.node.js";
import { atomicWrite } from "../../src/io/index.js";

const folder = () => mkdtemp(join(tmpdir(), "lab-atomic-"));

test("a file is written whole, missing folders are made, nothing else is left behind", async () => {
  const dir = await folder();
  const path = join(dir, "a", "b.bin");
  await atomicWrite(path, Uint8Array.of(1, 2, 3));
  expect([...(await readFile(path))]).toEqual([1, 2, 3]);
  await atomicWrite(path, "text");
  expect(await readFile(path, "utf8")).toBe("text");
  expect(await readdir(join(dir, "a"))).toEqual(["b.bin"]);
});

test("many writers of one file leave the content of one of them", async () => {
  const path = join(await folder(), "x");
  const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000));
  await Promise.all(contents.map((content) => atomicWrite(path, content)));
  expect(contents).toContain(await readFile(path, "utf8"));
});

test("a body that fails leaves the old content and no temporary file", async () => {
  const dir = await folder();
  const path = join(dir, "x");
  await atomicWrite(path, "old");
  const failing = atomicWriteWith(path, async (write) => {
    await write(new Uint8Array(10));
    throw new RangeError("stop");
  });
  await expect(failing).rejects.toThrow(RangeError);
  expect(await readFile(path, "utf8")).toBe("old");
  expect(await readdir(dir)).toEqual(["x"]);
});

test("a path that cannot be written is named", async () => {
  const dir = await folder();
  await writeFile(join(dir, "file"), "");
  const path = join(dir, "file", "below");
  const error = await atomicWrite(path, "x").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).path).toBe(path);
  expect((error as DataError).message).toContain(path);
});
