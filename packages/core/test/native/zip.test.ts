import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { zipSync } from "fflate";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataError } from "../../src/errors/index.js";
import { ZipArchive } from "../../src/native/zip.node.js";
import { type TestEntry, writeZip } from "./zip-writer.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lab zip "));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function unpack(bytes: Uint8Array): Promise<Record<string, Buffer>> {
  const path = join(folder, "archive.zip");
  writeFileSync(path, bytes);
  const archive = await ZipArchive.open(path);
  try {
    const files: Record<string, Buffer> = {};
    for (const entry of archive.entries)
      files[entry.name] = readFileSync(await archive.extract(entry, join(folder, "out")));
    return files;
  } finally {
    await archive.close();
  }
}

const refused = (entries: readonly TestEntry[], message: RegExp, count?: number) =>
  expect(unpack(writeZip(entries, count))).rejects.toThrow(message);

test("what another library packed comes out as it went in", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.stringMatching(/^[a-z]{1,8}(\/[a-z.]{0,3}[a-z])?$/),
        fc.uint8Array({ maxLength: 5000 }),
        {
          maxKeys: 4,
        },
      ),
      async (files) => {
        const names = Object.keys(files);
        fc.pre(!names.some((name) => names.some((other) => other.startsWith(`${name}/`))));
        rmSync(join(folder, "out"), { recursive: true, force: true });
        const found = await unpack(zipSync(files));
        expect(Object.keys(found).sort()).toEqual(names.sort());
        for (const name of names) expect(found[name]!.equals(files[name]!)).toBe(true);
      },
    ),
    { seed: 1, numRuns: 30 },
  );
});

test("sizes in 64 bits, stored files and the executable bit are read", async () => {
  const files = await unpack(
    writeZip([
      { name: "big", data: "x".repeat(100_000), zip64: true },
      { name: "bin/tool", data: "#!", stored: true, mode: 0o100755 },
      { name: "empty", data: "", stored: true },
    ]),
  );
  expect(files.big!.length).toBe(100_000);
  expect(files.empty!.length).toBe(0);
  expect(statSync(join(folder, "out", "bin", "tool")).mode & 0o111).toBe(0o111);
  expect(statSync(join(folder, "out", "big")).mode & 0o111).toBe(0);
});

test.each(["../evil", "a/../../evil", "/etc/evil", "a//b", "./a", "C:evil", "a\\..\\evil", "a\0b", ""])(
  "the name %j is refused",
  async (name) => {
    await refused([{ name, data: "x" }], /a path inside the archive was expected/);
  },
);

test("links, encrypted files and unknown methods are refused", async () => {
  await refused([{ name: "link", data: "/etc/passwd", mode: 0o120777 }], /link is a link/);
  await refused([{ name: "secret", data: "x", flags: 1 }], /is encrypted/);
  await refused([{ name: "odd", data: "x", method: 12 }], /packed by method 12/);
});

test("a file that unpacks to more than it declares is cut off", async () => {
  await refused(
    [{ name: "bomb", data: Buffer.alloc(5_000_000), size: 10 }],
    /more than the declared 10 bytes/,
  );
});

test("a file that is shorter than declared, or another, is refused", async () => {
  await refused([{ name: "short", data: "abc", size: 9 }], /unpacks to 3 bytes; 9 were declared/);
  await refused([{ name: "changed", data: "abc", crc: 1 }], /another checksum/);
  await refused([{ name: "damaged", data: "abcdef", stored: true, method: 8 }], /cannot be unpacked/);
});

test("a name twice, a cut file and a wrong count are refused", async () => {
  await refused(
    [
      { name: "a", data: "1" },
      { name: "a", data: "2" },
    ],
    /holds "a" twice/,
  );
  await refused([{ name: "a", data: "1" }], /entry 1 is damaged/, 2);
  const whole = writeZip([{ name: "a", data: "1" }]);
  await expect(unpack(whole.subarray(0, whole.length - 4))).rejects.toThrow(/is no zip archive/);
  await expect(unpack(Buffer.from("no zip"))).rejects.toThrow(DataError);
});
