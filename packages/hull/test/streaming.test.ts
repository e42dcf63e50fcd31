import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { glyphs } from "@lab/core/data";
import { writeNpy } from "@lab/core/io";
import { gaussians } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Findings } from "../src/cascade/cascade.js";
import { fromPlain, toPlain } from "../src/distributed/plain.js";
import {
  ConvexHull,
  csvSource,
  fromDataset,
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
      const count = chunkSize === 1 ? 4 : m;
      const some = { data: q.data.slice(0, count * d), shape: [count, d] as const };
      const result = await hull.contains(some, { chunkSize });
      expect(result.status).toEqual(reference.status.slice(0, count));
      for (let i = 0; i < count; i++) {
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
  test("CSV files are read in pieces, from any row on", async () => {
    const path = join(folder, "x.csv");
    const rows = Array.from({ length: n }, (_, i) => x.subarray(i * d, (i + 1) * d).join(","));
    await writeFile(path, `\uFEFFa,b,c,d,e,f\r\n${rows.join("\r\n\r\n")}`);
    const opened = await csvSource(path);
    expect(opened.shape).toEqual([n, d]);
    for (const [start, count] of [
      [0, n],
      [255, 3],
      [n - 1, 1],
      [600, 0],
    ] as const) {
      const expected = x.subarray(start * d, (start + count) * d);
      expect(await opened.chunk(start, count)).toEqual(Float64Array.from(expected));
    }
    const picked = await opened.rows(Int32Array.of(n - 1, 0, 256));
    expect(picked).toEqual(
      Float64Array.from([n - 1, 0, 256].flatMap((i) => [...x.subarray(i * d, (i + 1) * d)])),
    );
    const result = await (await ConvexHull.from(opened)).contains(q);
    expect(result.status).toEqual((await (await ConvexHull.from(memory)).contains(q)).status);
    await writeFile(path, "1;2\n3;4\n");
    expect((await csvSource(path, { delimiter: ";", header: true })).shape).toEqual([1, 2]);
    expect((await csvSource(path, { delimiter: ";" })).shape).toEqual([2, 2]);
    await writeFile(path, "1,2\n3,\n");
    await expect(csvSource(path)).rejects.toThrow('line 2 is "3,"; 2 numbers were expected');
    await writeFile(path, "a,b\n");
    await expect(csvSource(path)).rejects.toThrow("has no rows");
    await expect(csvSource(join(folder, "absent.csv"))).rejects.toThrow("cannot be opened");
    await expect(csvSource(path, { delimiter: "" })).rejects.toThrow('delimiter is ""');
  });
  test("data sets are rows, and their tensors are freed", async () => {
    const set = glyphs({ count: 40, seed: 1, size: 8 });
    const opened = await fromDataset(set);
    const before = tf.memory().numTensors;
    expect(opened).toMatchObject({ shape: [40, 64], dtype: "float32" });
    const element = await set.get!(7);
    const values = await element.x.data();
    element.x.dispose();
    expect(await opened.chunk(7, 1)).toEqual(values);
    expect(await opened.rows(Int32Array.of(3, 7))).toHaveLength(128);
    const pair = await fromDataset(set, { row: ({ label }) => [label, 2 * label] });
    expect(pair).toMatchObject({ shape: [40, 2], dtype: "float64" });
    expect(tf.memory().numTensors).toBe(before);
    const uneven = await fromDataset(set, { row: ({ label }) => new Array(label + 1).fill(0) });
    await expect(uneven.chunk(0, 40)).rejects.toThrow("the numbers must be equal");
    await expect(fromDataset(set.filter(() => true))).rejects.toThrow("no random access");
    await expect(fromDataset(set.take(0))).rejects.toThrow("dataset is empty");
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
    const rest = { hull: {}, query: {}, backend: null, question };
    const task = { kind: "block" as const, points: "a hash", address, ...rest };
    const output = await hullTask(task, { signal: new AbortController().signal });
    const { findings } = fromPlain(JSON.parse(JSON.stringify(output))) as Findings;
    const reference = await (await ConvexHull.from(memory)).contains(q);
    expect(findings.map(({ certificate }) => packCertificate(certificate))).toEqual(lines(reference));
  });
});
