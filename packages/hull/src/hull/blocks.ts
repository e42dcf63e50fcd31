import { checkAborted, DataError } from "@lab/core";
import { atomicWrite } from "@lab/core/io";
import { mapTasks } from "@lab/core/jobs";
import { type Rows, readChunk, type SourceAddress } from "../points/points.js";
import type { Finding } from "./finding.js";
import { packFinding, unpackFinding } from "./finding-json.js";
import type { CheckedHullOptions, CheckedQueryOptions } from "./options.js";

/** Version of the stored results: another one is computed anew. */
const FORMAT = 1;

/** What a worker receives: plain JSON. */
export interface BlockTask {
  /** Where the points are. */
  address: SourceAddress;
  /** Options of the hull. */
  hull: object;
  /** Options of the queries. */
  query: object;
  /** Queries, row by row. */
  queries: number[];
}

/** What a worker returns: plain JSON. */
export interface BlockOutput {
  /** Packed findings. */
  findings: unknown[];
  /** Equal rows. */
  duplicateOf: number[];
}

/** Result of a block in this process. */
export interface BlockResult {
  findings: Finding[];
  duplicateOf: Int32Array;
}

/**
 * Decides queries block by block, with results kept in the checkpoint under a key of points, queries and options.
 *
 * @param solve - Decides a block in this process; other runners call the worker module.
 */
export async function inBlocks(
  rows: Rows,
  queries: Float64Array,
  hull: CheckedHullOptions,
  query: CheckedQueryOptions,
  solve: (queries: Float64Array, count: number) => Promise<BlockResult>,
  onDone: (count: number) => void,
): Promise<BlockResult> {
  const { d } = rows;
  const m = queries.length / d;
  const { createHash } = await import("node:crypto");
  const fs = await import("node:fs/promises");
  const { join } = await import("node:path");
  const folder =
    query.checkpoint ?? (await fs.mkdtemp(join((await import("node:os")).tmpdir(), "lab-hull-")));
  const plainHull = withoutCallbacks(hull);
  const plainQuery = withoutCallbacks(query);
  try {
    await fs.mkdir(folder, { recursive: true });
    const hash = createHash("sha256").update(`${rows.n},${d},${rows.dtype}`);
    if (rows.source?.id !== undefined) hash.update(rows.source.id);
    else {
      for (let start = 0; start < rows.n; start += 8192) {
        checkAborted(query.signal);
        hash.update(bytesOf(await readChunk(rows, start, Math.min(8192, rows.n - start))));
      }
    }
    const points = hash.digest("hex").slice(0, 32);
    const manifest = join(folder, "points.json");
    const known = await fs.readFile(manifest, "utf8").then(JSON.parse, () => null);
    if (known !== null && known.points !== points) {
      throw new DataError(
        `ConvexHull.contains: checkpoint belongs to other data; results for points ${points} were expected; name another folder`,
        { path: folder },
      );
    }
    await atomicWrite(manifest, new TextEncoder().encode(JSON.stringify({ points, format: FORMAT })));
    const size = Math.min(query.blockSize, Math.max(1, Math.ceil(m / 8)));
    const blocks = Array.from({ length: Math.ceil(m / size) }, (_, b) => {
      const block = queries.slice(b * size * d, Math.min(m, (b + 1) * size) * d);
      const key = createHash("sha256")
        .update(`${FORMAT}/${points}/${JSON.stringify(plainHull)}/${JSON.stringify(plainQuery)}`)
        .update(bytesOf(block))
        .digest("hex")
        .slice(0, 40);
      return { key: `${b}-${key}`, block, count: block.length / d };
    });
    const outputs = new Map<string, BlockOutput>();
    if (query.runner === undefined || query.runner === "inline") {
      for (const { key, block, count } of blocks) {
        checkAborted(query.signal);
        const path = join(folder, `${key}.json`);
        let output = (await fs.readFile(path, "utf8").then(JSON.parse, () => null)) as BlockOutput | null;
        if (output === null) {
          const { findings, duplicateOf } = await solve(block, count);
          output = { findings: findings.map(packFinding), duplicateOf: Array.from(duplicateOf) };
          await atomicWrite(path, new TextEncoder().encode(JSON.stringify(output)));
        }
        outputs.set(key, output);
        onDone(count);
      }
    } else {
      const address = rows.source?.address ?? (await copied(rows, join(folder, `points-${points}.bin`)));
      const inputs = blocks.map(({ key, block }) => ({
        key,
        input: {
          address,
          hull: plainHull,
          query: plainQuery,
          queries: Array.from(block),
        } satisfies BlockTask,
      }));
      const sweep = mapTasks<BlockTask, BlockOutput>({
        name: "hull-contains",
        handler: "@lab/hull/worker",
        inputs,
        runner: query.runner,
        store: folder,
        signal: query.signal,
      });
      for await (const { key, output } of sweep) {
        outputs.set(key, output);
        onDone(output.findings.length);
      }
    }
    const findings: Finding[] = [];
    const duplicateOf: number[] = [];
    for (const { key } of blocks) {
      const output = outputs.get(key)!;
      findings.push(...output.findings.map(unpackFinding));
      duplicateOf.push(...output.duplicateOf);
    }
    return { findings, duplicateOf: Int32Array.from(duplicateOf) };
  } finally {
    if (query.checkpoint === undefined) await fs.rm(folder, { recursive: true, force: true });
  }
}

function withoutCallbacks(options: object): object {
  const { signal, onProgress, runner, checkpoint, ...rest } = options as Record<string, unknown>;
  return rest;
}

function bytesOf(values: ArrayLike<number>): Uint8Array {
  const view = ArrayBuffer.isView(values) ? (values as Float64Array) : Float64Array.from(values);
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Writes rows to a headerless file for workers. */
async function copied(rows: Rows, path: string): Promise<SourceAddress> {
  const { open, rename, stat } = await import("node:fs/promises");
  const address: SourceAddress = {
    format: "raw",
    path,
    shape: [rows.n, rows.d],
    dtype: rows.dtype,
    offset: 0,
  };
  if (await stat(path).catch(() => null)) return address;
  const file = await open(`${path}.part`, "w");
  try {
    for (let start = 0; start < rows.n; start += 8192) {
      await file.write(bytesOf(await readChunk(rows, start, Math.min(8192, rows.n - start))));
    }
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
  return address;
}
