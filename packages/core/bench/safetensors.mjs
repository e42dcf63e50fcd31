// Speed and memory of reading safetensors from the page cache, against readFile of the same file in the same run:
//   pnpm --filter @lab/core build && node --expose-gc bench/safetensors.mjs [tensors of 64 MB]
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@lab/core/io";

const VALUES = 2 ** 24;

/** Writes `count` tensors one by one; milliseconds. */
export async function write(path, count) {
  const start = performance.now();
  async function* entries() {
    for (let i = 0; i < count; i++) {
      yield [`t${i}`, { dtype: "F32", shape: [VALUES], data: new Float32Array(VALUES).fill(i) }];
    }
    yield ["half", { dtype: "F16", shape: [VALUES], data: new Uint16Array(VALUES).fill(0x3c00) }];
  }
  await writeSafetensors(path, entries());
  return performance.now() - start;
}

/** GB/s of values delivered, and MB of memory above those of the tensor. */
export async function read(path, names) {
  const reader = readSafetensors(path);
  let bytes = 0;
  let above = 0;
  let ms = 0;
  for (const name of names) {
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    const start = performance.now();
    const array = await reader.array(name);
    ms += performance.now() - start;
    bytes += array.byteLength;
    above = Math.max(above, process.memoryUsage().rss - before - array.byteLength);
  }
  return { gbPerSecond: bytes / 1e6 / ms, megabytesAbove: above / 1e6 };
}

/** Both types and the rival. */
export async function compare(count = 8) {
  const dir = mkdtempSync(join(tmpdir(), "lab-bench-"));
  const path = join(dir, "x.safetensors");
  try {
    const writeMs = await write(path, count);
    readFileSync(path); // into the page cache
    const names = Array.from({ length: count }, (_, i) => `t${i}`);
    const f32 = await read(path, names);
    const f16 = await read(path, ["half"]);
    const start = performance.now();
    const bytes = readFileSync(path).length;
    const rival = bytes / 1e6 / (performance.now() - start);
    return {
      megabytes: statSync(path).size / 1e6,
      writeGbPerSecond: bytes / 1e6 / writeMs,
      f32,
      f16,
      readFileGbPerSecond: rival,
      ratio: f32.gbPerSecond / rival,
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

if (process.argv[1]?.endsWith("safetensors.mjs")) {
  console.log(JSON.stringify(await compare(Number(process.argv[2] ?? 8)), null, 2));
}
