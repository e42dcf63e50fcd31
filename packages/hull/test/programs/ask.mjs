// A coordinator as a process of its own: node ask.mjs <JSON of files, shapes, and runs with their options>
// Prints the certificates of each run, one JSON array a line.
import { readFileSync } from "node:fs";
import { init } from "@lab/core";
import { ConvexHull, fileSource, packCertificate } from "@lab/hull";

const { points, queries, n, d, m, runs } = JSON.parse(process.argv[2]);
await init({ backend: "wasm" });
const data = new Float64Array(new Uint8Array(readFileSync(queries)).buffer);
const source = fileSource({ format: "raw", path: points, shape: [n, d], dtype: "float64", offset: 0 });
for (const { mode, hull, options } of runs) {
  const isMemory = options.split === "queries";
  const train = isMemory ? { data: await source.chunk(0, n), shape: [n, d] } : source;
  const made = await ConvexHull.from(train, hull);
  const result = await made[mode]({ data, shape: [m, d] }, options);
  process.stdout.write(`${JSON.stringify([...result.certificates()].map(packCertificate))}\n`);
}
