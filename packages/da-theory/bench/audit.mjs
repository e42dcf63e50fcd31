import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { auditClasses } from "@lab/da-theory/audit";
import { python, row } from "@lab/tooling/bench";

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

/** How long the audit takes at the sizes of its bars, and how large it is. */
export async function audits() {
  const [rows, skipped] = [[], []];
  for (const [classes, images, seconds] of [
    [10, 1000, 6],
    [1000, 50, 60],
  ]) {
    const input = simulate(classes, images);
    const start = performance.now();
    auditClasses(input, { reference: 0, draws: DRAWS });
    const ours = [performance.now() - start];
    rows.push(
      row({
        name: `audit of ${classes} classes, ${classes * images} images, ${SETTINGS} x ${RUNS} runs`,
        unit: "ms",
        ours,
        bar: { of: "ours", atMost: 1000 * seconds },
      }),
    );
    const sizes = [classes, images, SETTINGS, RUNS, DRAWS];
    const { milliseconds, missing } = python(new URL("audit-rival.py", import.meta.url), sizes);
    if (missing) skipped.push({ name: `NumPy, ${classes} classes`, reason: missing });
    else
      rows.push(
        row({
          name: `the same against its bootstrap alone, ${classes} classes`,
          ours,
          rival: milliseconds,
          rivalName: "NumPy",
        }),
      );
  }
  const bytes = readFileSync(join(here, "..", "dist", "audit", "index.js"));
  rows.push(
    row({ name: "audit entry, gzipped, not minified", unit: "kB", ours: gzipSync(bytes).length / 1000 }),
  );
  return { rows, skipped };
}
