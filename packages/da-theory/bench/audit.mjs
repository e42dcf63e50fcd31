// Rows of the class audit: how long it takes at the sizes of its bars, and how large it is. `run.mjs` adds them to its own.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { auditClasses } from "@lab/da-theory/audit";

const here = dirname(fileURLToPath(import.meta.url));
const [SETTINGS, RUNS, DRAWS] = [10, 10, 2000];

function simulate(classes, images) {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state * 2 ** -32;
  };
  const labels = Int32Array.from({ length: classes * images }, (_, i) => Math.floor(i / images));
  const runs = [];
  for (let setting = 0; setting < SETTINGS; setting++)
    for (let seed = 0; seed < RUNS; seed++)
      runs.push({
        setting,
        seed,
        predictions: labels.map((label) => (uniform() < 0.75 ? label : Math.floor(uniform() * classes))),
      });
  return { labels, runs };
}

async function rival(...sizes) {
  if (!process.env.LAB_PYTHON) return undefined;
  const { OPENBLAS_CORETYPE: _a, OPENBLAS_L2_SIZE: _b, ...env } = process.env;
  const words = [join(here, "audit-rival.py"), ...sizes.map(String)];
  const { stdout } = await promisify(execFile)(process.env.LAB_PYTHON, words, { env });
  return JSON.parse(stdout).milliseconds;
}

/** Adds the audit's rows. */
export async function audits(add) {
  for (const [classes, images, seconds] of [
    [10, 1000, 6],
    [1000, 50, 60],
  ]) {
    const input = simulate(classes, images);
    const start = performance.now();
    auditClasses(input, { reference: 0, draws: DRAWS });
    const ours = [performance.now() - start];
    add({
      name: `audit of ${classes} classes, ${classes * images} images, ${SETTINGS} x ${RUNS} runs`,
      unit: "ms",
      ours,
      bar: 1000 * seconds,
      barUnit: " ms",
    });
    const theirs = await rival(classes, images, SETTINGS, RUNS, DRAWS);
    if (theirs)
      add({
        name: `the same against its bootstrap alone, ${classes} classes`,
        unit: "ms",
        ours,
        rival: theirs,
        rivalName: "NumPy",
      });
  }
  const bytes = readFileSync(join(here, "..", "dist", "audit", "index.js"));
  add({ name: "audit entry, gzipped, not minified", unit: "kB", ours: [gzipSync(bytes).length / 1000] });
}
