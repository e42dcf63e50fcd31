// M1 to M3: queries against the linear programs that people loop.
import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import { ConvexHull, verifyCertificate } from "@lab/hull";
import { processorClock, repeatsOr, row, sample } from "@lab/tooling/bench";
import { elastic } from "./highs-rival.mjs";
import { scipy, without } from "./scipy.mjs";

/** Means of 4 d random points: well inside. */
function mixtures(x, n, d, m, generator) {
  const q = new Float64Array(m * d);
  for (let i = 0; i < m; i++) {
    const chosen = generator
      .split(`mix ${i}`)
      .permutation(n)
      .subarray(0, 4 * d);
    for (const r of chosen) for (let j = 0; j < d; j++) q[i * d + j] += x[r * d + j] / (4 * d);
  }
  return q;
}

/**
 * Rows of one setting: processor time a query, of `m` queries of ours and of the first `rivalQueries` by the rivals, whose
 * verdicts must be ours. `bars` says how many times faster we are to be.
 */
export async function membership(name, { n = 10_000, d, m, inside = false, rivalQueries, bars }) {
  await init({ backend: "wasm" });
  const generator = new Generator(7).split(name);
  const x = generator.normal64(n * d);
  const q = inside ? mixtures(x, n, d, m, generator) : generator.normal64(m * d);
  const points = { data: x, shape: [n, d] };
  const hull = await ConvexHull.from(points);
  let result;
  const ask = async () => {
    result = await hull.contains({ data: q, shape: [m, d] });
  };
  const ours = (await sample(ask, repeatsOr(5), { clock: processorClock })).map((time) => time / m);
  const programs = [];
  for (let i = 0; i < rivalQueries; i++) {
    const query = q.subarray(i * d, (i + 1) * d);
    const start = processorClock();
    const isInside = elastic(x, n, d, query);
    programs.push(processorClock() - start);
    const { ok } = await verifyCertificate(points, query, result.certificate(i));
    if (isInside !== (result.status[i] === "inside") || !ok) throw new Error(`${name}: query ${i} differs`);
  }
  const found = scipy(x, n, d, q.slice(0, rivalQueries * d), "linprog,nnls");
  const { rate, stats } = result;
  const note = `${Math.round((100 * rate.inside) / m)} % inside, ${rate.boundary} open, ${stats.meanPasses.toPrecision(3)} passes`;
  const against = (rivalName, rival, times) =>
    row({
      name: `${name} d ${d}, N ${n}, a query`,
      ours,
      rival,
      rivalName,
      ...(times && { bar: { of: "ratio", atMost: 1 / times } }),
      note,
    });
  return {
    rows: [
      against("HiGHS wasm", programs, bars.highs),
      against("SciPy linprog", found.linprog, bars.linprog),
      against("SciPy nnls", found.nnls, bars.nnls),
    ],
    skipped: without(found),
  };
}
