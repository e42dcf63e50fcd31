// Speed and memory of reading safetensors from the page cache, against readFile of the same bytes in the same run.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@lab/core/io";
import { row } from "@lab/tooling/bench";

const VALUES = 2 ** 24;
const REPEATS = 7;

/** Writes one tensor of 2^24 values. */
async function write(path, dtype) {
  const data = dtype === "F32" ? new Float32Array(VALUES).fill(3) : new Uint16Array(VALUES).fill(0x3c00);
  if (dtype === "F16") for (let i = 0; i < VALUES; i++) data[i] = (i * 40503) & 0x7bff; // all finite exponents
  await writeSafetensors(path, { x: { dtype, shape: [VALUES], data } });
}

/** Gigabytes of values delivered a second (half precision arrives as float32), and megabytes of memory above those of the tensor. */
async function read(path) {
  const [speeds, above, rivals] = [[], [], []];
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    globalThis.gc?.();
    let start = performance.now();
    const all = readFileSync(path).length;
    const rival = all / 1e6 / (performance.now() - start);
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    start = performance.now();
    const array = await readSafetensors(path).array("x");
    const speed = array.byteLength / 1e6 / (performance.now() - start);
    if (repeat === 0) continue;
    rivals.push(rival);
    speeds.push(speed);
    above.push((process.memoryUsage().rss - before - array.byteLength) / 1e6);
  }
  return { speeds, above, rivals };
}

export async function rows() {
  const dir = mkdtempSync(join(tmpdir(), "lab-bench-"));
  const result = [];
  try {
    for (const dtype of ["F32", "F16", "BF16"]) {
      const path = join(dir, `${dtype}.safetensors`);
      await write(path, dtype);
      const { speeds, above, rivals } = await read(path);
      result.push(
        row({
          name: `read ${dtype}`,
          ours: speeds,
          rival: rivals,
          rivalName: "readFileSync of the file",
          unit: "GB/s",
          moreIsBetter: true,
          bar: { of: "ours", atLeast: 1 },
        }),
        row({
          name: `memory above the tensor, ${dtype}`,
          ours: [Math.max(0, ...above)],
          unit: "MB",
          bar: { of: "ours", atMost: 64 },
        }),
      );
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
  return { rows: result };
}
