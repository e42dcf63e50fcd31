// SciPy's ways, on the same points and queries.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { python } from "@lab/tooling/bench";

/**
 * Milliseconds of each of `what` (linprog, nnls, distance, qhull), those not run `undefined`, and what they found; or
 * `{ missing }`.
 */
export function scipy(x, n, d, q, what) {
  const folder = mkdtempSync(join(tmpdir(), "hull-bench-"));
  try {
    const [px, pq] = [join(folder, "x.bin"), join(folder, "q.bin")];
    writeFileSync(px, x);
    writeFileSync(pq, q);
    const found = python(new URL("scipy_rivals.py", import.meta.url), [px, pq, n, d, what]);
    if (found.missing) return found;
    for (const key of ["linprog", "nnls", "distance", "qhull"])
      found[key] = found[key].length > 0 ? found[key].map((seconds) => 1000 * seconds) : undefined;
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a section says of a missing SciPy. */
export const without = ({ missing }) => (missing ? [{ name: "SciPy", reason: missing }] : []);
