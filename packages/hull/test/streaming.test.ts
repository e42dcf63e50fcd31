import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { writeNpy } from "@lab/core/io";
import { gaussians } from "@lab/core/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Findings } from "../src/cascade/cascade.js";
import { fromPlain, toPlain } from "../src/distributed/plain.js";
import {
  ConvexHull,
  generatedSource,
  idxSource,
  type Membership,
  npySource,
  packCertificate,
  unpackCertificate,
  verifyCertificate,
} from "../src/index.js";
import { hullTask } from "../src/worker.js";

const [n, d, m] = [1200, 6, 40];
const x = gaussians(n * d, 1);
const q = { data: gaussians(m * d, 2), shape: [m, d] as [number, number] };
const memory = { data: x, shape: [n, d] as [number, number] };
const source = generatedSource({
  shape: [n, d],
  fill: (i, out, offset) => out.set(x.subarray(i * d, (i + 1) * d), offset),
});
const lines = (result: Membership) => [...result.certificates()].map(packCertificate);
const isBuilt = ["../dist/worker.js", "../../core/dist/node/jobs/index.js"].every((path) =>
  existsSync(new URL(path, import.meta.url)),
);
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hull-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("sources", () => {
  test("a stream gives the verdicts of memory for any chunk size", async () => {
    const reference = await (await ConvexHull.from(memory)).contains(q);
    expect(new Set(reference.status)).toEqual(new Set(["inside", "outside"]));
    for (const chunkSize of [1, 97, 5000]) {
      const hull = await ConvexHull.from(source);
      const result = await hull.contains(q, { chunkSize });
      expect(result.status).toEqual(reference.status);
      for (let i = 0; i < m; i++) {
        const query = q.data.subarray(i * d, (i + 1) * d);
        expect((await verifyCertificate(source, query, result.certificate(i))).ok).toBe(true);
      }
    }
  });
  test("npy and IDX files are read in pieces", async () => {
    const npy = join(folder, "x.npy");
    await writeNpy(npy, { data: x, shape: [n, d] });
    const opened = await npySource(npy);
    expect(opened.shape).toEqual([n, d]);
    expect(Array.from(await opened.chunk(3, 2))).toEqual([...x.subarray(3 * d, 5 * d)]);
    expect([...(await opened.rows(Int32Array.of(9, 1)))]).toEqual([
      ...x.subarray(9 * d, 10 * d),
      ...x.subarray(d, 2 * d),
    ]);
    const idx = join(folder, "x.idx");
    await writeFile(idx, Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6, 7, 8));
    const bytes = await idxSource(idx);
    expect(bytes.shape).toEqual([2, 2]);
    expect(Array.from(await bytes.chunk(1, 1))).toEqual([7, 8]);
    await expect(npySource(idx)).rejects.toThrow("is no npy file");
    await expect(npySource(join(folder, "absent"))).rejects.toThrow("cannot be opened");
  });
  test("rows added to a source", async () => {
    const hull = await ConvexHull.from(source);
    await hull.append({ data: gaussians(50 * d, 9).map((v) => 4 * v), shape: [50, d] });
    expect(hull.count).toBe(n + 50);
    const { inside } = await hull.contains(q);
    const before = (await (await ConvexHull.from(memory)).contains(q)).inside;
    before.forEach((value, i) => {
      expect(inside[i]!).toBeGreaterThanOrEqual(value);
    });
  });
});

describe("checkpoints and runners", () => {
  test("a run that was stopped goes on and gives the same bytes", async () => {
    const hull = await ConvexHull.from(memory);
    const whole = lines(await hull.contains(q, { checkpoint: join(folder, "whole") }));
    const checkpoint = join(folder, "stopped");
    const stop = new AbortController();
    const stopped = hull.contains(q, {
      checkpoint,
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done >= 10) stop.abort(new Error("enough"));
      },
    });
    await expect(stopped).rejects.toThrow("enough");
    const kept = (await readdir(checkpoint)).length;
    expect(kept).toBeGreaterThan(2);
    expect(lines(await hull.contains(q, { checkpoint }))).toEqual(whole);
    expect((await readdir(checkpoint)).length).toBeGreaterThan(kept);
    expect(whole.map((line) => packCertificate(unpackCertificate(line)))).toEqual(whole);
    const other = await ConvexHull.from({ data: x.map((v) => 2 * v), shape: [n, d] });
    await expect(other.contains(q, { checkpoint })).rejects.toThrow("checkpoint belongs to other data");
  });
  test("the worker's handler decides a block from a file", async () => {
    const path = join(folder, "points.bin");
    await writeFile(path, new Uint8Array(x.buffer));
    const address = {
      format: "raw" as const,
      path,
      shape: [n, d] as [number, number],
      dtype: "float64" as const,
      offset: 0,
    };
    const question = toPlain({ mode: "membership", queries: q.data });
    const task = { kind: "block" as const, address, hull: {}, query: {}, backend: null, question };
    const output = await hullTask(task, { signal: new AbortController().signal });
    const { findings } = fromPlain(JSON.parse(JSON.stringify(output))) as Findings;
    const reference = await (await ConvexHull.from(memory)).contains(q);
    expect(findings.map(({ certificate }) => packCertificate(certificate))).toEqual(lines(reference));
  });
  test.skipIf(!isBuilt)(
    "threads give the bytes of this process (needs the build of core and hull)",
    async () => {
      // A plain Node process: threads load JavaScript, and the sources are TypeScript.
      const program = `
      import { readFileSync } from "node:fs";
      import { ConvexHull, packCertificate } from "@lab/hull";
      const numbers = (name) => new Float64Array(new Uint8Array(readFileSync(name)).buffer);
      const hull = await ConvexHull.from({ data: numbers(process.argv[2]), shape: [${n}, ${d}] });
      const queries = { data: numbers(process.argv[3]), shape: [${m}, ${d}] };
      const lines = async (options) => [...(await hull.contains(queries, options)).certificates()].map(packCertificate);
      const [here, there] = [await lines({}), await lines({ runner: "threads:2" })];
      console.log(JSON.stringify({ count: there.length, isSame: here.join() === there.join() }));
    `;
      const home = fileURLToPath(new URL("../.test-results", import.meta.url));
      await mkdir(home, { recursive: true });
      const script = join(home, "threads.mjs");
      const [points, queries] = [join(folder, "p.bin"), join(folder, "q.bin")];
      await writeFile(script, program);
      await writeFile(points, new Uint8Array(x.buffer));
      await writeFile(queries, new Uint8Array(q.data.buffer));
      const env = { ...process.env, NODE_OPTIONS: "" };
      const { stdout } = await promisify(execFile)(process.execPath, [script, points, queries], { env });
      expect(JSON.parse(stdout)).toEqual({ count: m, isSame: true });
    },
  );
});
