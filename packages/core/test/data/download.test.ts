import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { extractMembers } from "../../src/data/download/tar.node.js";
import { checkData, download, downloadData, optdigits } from "../../src/data/index.js";
import { ArgumentError, DataError } from "../../src/errors/index.js";

const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const checksum = { algorithm: "sha256", hex: sha256(body) } as const;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let url: string;
let dir: string;
let answer: Answer;
let ranges: (string | undefined)[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "lab-download-"));
  vi.stubEnv("LAB_CACHE_DIR", join(dir, "cache"));
  vi.stubEnv("LAB_DATA_DIR", "");
  ranges = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A server that knows ranges; each connection breaks after `most` bytes. */
const ranged =
  (bytes: Buffer, { most = Number.POSITIVE_INFINITY, etag = '"v1"' } = {}): Answer =>
  (request, response) => {
    const isSame = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
    const from = isSame ? Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
    if (from >= bytes.length) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
      return;
    }
    const rest = bytes.subarray(from);
    const headers = { "content-length": rest.length, etag };
    if (from > 0) {
      response.writeHead(206, {
        ...headers,
        "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
      });
    } else response.writeHead(200, headers);
    if (rest.length <= most) response.end(rest);
    else response.write(rest.subarray(0, most), () => setTimeout(() => response.destroy(), 20));
  };

test("a whole file arrives, is checked, and is not fetched twice", async () => {
  answer = ranged(body);
  const progress: number[] = [];
  const path = await download(`${url}/files/x.bin`, {
    checksum,
    onProgress: ({ done }) => progress.push(done),
  });
  expect(path).toBe(join(dir, "cache", "data", "downloads", "x.bin"));
  expect(sha256(readFileSync(path))).toBe(checksum.hex);
  expect(progress.at(-1)).toBe(body.length);
  expect(await download(`${url}/files/x.bin`, { checksum })).toBe(path);
  expect(ranges.length).toBe(1);
  expect(readdirSync(join(path, ".."))).toEqual(["x.bin"]);
});

test("a connection that breaks is taken up where it broke", async () => {
  answer = ranged(body, { most: 120_000 });
  const path = await download(`${url}/x`, { path: join(dir, "x"), checksum });
  expect(sha256(readFileSync(path))).toBe(checksum.hex);
  expect(ranges).toEqual([undefined, "bytes=120000-", "bytes=240000-"]);
});

test("what arrived is kept for a later call", async () => {
  const path = join(dir, "x");
  answer = ranged(body, { most: 100_000 });
  await expect(download(`${url}/x`, { path, checksum, retries: 0 })).rejects.toThrow(
    /keeps breaking off.*x.part/,
  );
  expect(existsSync(path)).toBe(false);
  answer = ranged(body);
  await download(`${url}/x`, { path, checksum });
  expect(ranges).toEqual([undefined, "bytes=100000-"]);
  expect(sha256(readFileSync(path))).toBe(checksum.hex);
});

test("a file that has changed meanwhile, and a server without ranges, are begun anew", async () => {
  const path = join(dir, "x");
  const other = Buffer.from(body).reverse();
  answer = ranged(other, { most: 100_000, etag: '"v0"' });
  await expect(download(`${url}/x`, { path, retries: 0 })).rejects.toThrow(DataError);
  answer = ranged(body);
  await download(`${url}/x`, { path, checksum });
  expect(sha256(readFileSync(path))).toBe(checksum.hex);

  const second = join(dir, "y");
  answer = ranged(body, { most: 100_000 });
  await expect(download(`${url}/y`, { path: second, retries: 0 })).rejects.toThrow(DataError);
  answer = (_, response) => response.writeHead(200, { "content-length": body.length }).end(body);
  await download(`${url}/y`, { path: second, checksum });
  expect(sha256(readFileSync(second))).toBe(checksum.hex);
});

test("a wrong checksum keeps nothing", async () => {
  answer = ranged(Buffer.from("something else"));
  const path = join(dir, "x");
  const error = await download(`${url}/x`, { path, checksum }).catch(
    (reason: unknown) => reason as DataError,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).message).toContain(checksum.hex);
  expect((error as DataError).message).toContain(sha256(Buffer.from("something else")));
  expect(readdirSync(dir)).toEqual([]);
});

test("passing troubles are tried again, refusals are not", async () => {
  let asked = 0;
  answer = (request, response) => {
    if (asked++ === 0) response.writeHead(503).end();
    else ranged(body)(request, response);
  };
  expect(sha256(readFileSync(await download(`${url}/x`, { path: join(dir, "x") })))).toBe(checksum.hex);
  answer = (_, response) => response.writeHead(404).end();
  ranges = [];
  await expect(download(`${url}/z`, { path: join(dir, "z") })).rejects.toThrow(/answers 404 Not Found/);
  expect(ranges.length).toBe(1);
  await expect(download("ftp://x/y")).rejects.toThrow(ArgumentError);
});

test("a signal stops, and several callers share one connection", async () => {
  answer = (_, response) => response.writeHead(200, { "content-length": 10 }).write("12345");
  const controller = new AbortController();
  const stopped = download(`${url}/x`, { path: join(dir, "x"), signal: controller.signal });
  setTimeout(() => controller.abort(new RangeError("enough")), 100);
  await expect(stopped).rejects.toThrow("enough");
  answer = ranged(body);
  ranges = [];
  const both = [1, 2].map(() => download(`${url}/y`, { path: join(dir, "y"), checksum }));
  expect(new Set(await Promise.all(both)).size).toBe(1);
  expect(ranges.length).toBe(1);
  // The lock of a process that is gone holds nobody up.
  writeFileSync(join(dir, "z.lock"), "4194305");
  await download(`${url}/z`, { path: join(dir, "z") });
  expect(readdirSync(dir).sort()).not.toContain("z.lock");
});

/** A tar archive by hand: ustar headers and padded contents. */
function tar(files: Record<string, Uint8Array>): Buffer {
  const blocks: Uint8Array[] = [];
  for (const [name, content] of Object.entries(files)) {
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write(content.length.toString(8).padStart(11, "0"), 124);
    head.write(name.endsWith("/") ? "5" : "0", 156);
    blocks.push(head, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

test("members are taken out of an archive, and nothing else", async () => {
  const archive = join(dir, "x.tar.gz");
  const files = {
    "top/": Buffer.alloc(0),
    "top/a.bin": body,
    "../evil": Buffer.from("!"),
    "top/b.bin": Buffer.from("b"),
  };
  writeFileSync(archive, gzipSync(tar(files)));
  const folder = join(dir, "out");
  await extractMembers(archive, folder, ["b.bin", "a.bin"]);
  expect(readdirSync(folder).sort()).toEqual(["a.bin", "b.bin"]);
  expect(sha256(readFileSync(join(folder, "a.bin")))).toBe(checksum.hex);
  await expect(extractMembers(archive, folder, ["c.bin"])).rejects.toThrow(/has no c.bin/);
  writeFileSync(archive, gzipSync(tar(files).subarray(0, 5000)));
  await expect(extractMembers(archive, folder, ["a.bin"])).rejects.toThrow(/ends at byte 5000/);
  writeFileSync(archive, gzipSync(tar(files)).subarray(0, 300));
  await expect(extractMembers(archive, folder, ["b.bin"])).rejects.toThrow(DataError);
});

test("a data set is downloaded from a mirror, found, read and checked", async () => {
  const line = `${Array.from({ length: 64 }, (_, i) => i % 17).join(",")},3\n`;
  answer = (request, response) =>
    request.url === "/mirror/optdigits.tes"
      ? ranged(Buffer.from(line))(request, response)
      : response.writeHead(404).end();
  expect((await checkData("optdigits"))[0]?.status).toBe("missing");
  const place = await downloadData("optdigits", { mirror: `${url}/mirror/` });
  expect(place).toEqual({ dir: join(dir, "cache", "data", "optdigits"), source: "cache" });
  expect(optdigits().arrays().labels[0]).toBe(3);
  const [check] = await checkData("optdigits");
  expect(check).toMatchObject({ file: "optdigits.tes", status: "wrong size", bytes: line.length });
  await expect(downloadData("mnist", { mirror: `${url}/mirror` })).rejects.toThrow(/answers 404/);
  await expect(checkData("nothing" as never)).rejects.toThrow(ArgumentError);
});
