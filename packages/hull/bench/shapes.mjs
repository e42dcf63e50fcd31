// M4 to M6: distances, extreme points and probabilities.
import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import { ConvexHull } from "@lab/hull";
import { gaussianHullProbability } from "@lab/hull/theory";
import { processorClock, repeatsOr, row, sample } from "@lab/tooling/bench";
import { distance } from "./highs-rival.mjs";
import { scipy, without } from "./scipy.mjs";

/** M4: the distance of points outside. */
export async function distances() {
  await init({ backend: "wasm" });
  const [n, d, m] = [10_000, 50, 40];
  const generator = new Generator(7).split("M4");
  const x = generator.normal64(n * d);
  const q = generator.normal64(m * d);
  const hull = await ConvexHull.from({ data: x, shape: [n, d] });
  let result;
  const ask = async () => {
    result = await hull.distance({ data: q, shape: [m, d] });
  };
  const ours = (await sample(ask, repeatsOr(5), { clock: processorClock })).map((time) => time / m);
  const programs = [];
  const errors = [];
  for (let i = 0; i < 2; i++) {
    const start = processorClock();
    const value = distance(x, n, d, q.subarray(i * d, (i + 1) * d));
    programs.push(processorClock() - start);
    errors.push(Math.abs(value / result.distance[i] - 1).toExponential(0));
  }
  const found = scipy(x, n, d, q.slice(0, 4 * d), "distance");
  for (const [i, value] of (found.distances ?? []).entries()) {
    if (Math.abs(value / result.distance[i] - 1) > 1e-9) throw new Error(`M4: distance ${i} differs`);
  }
  const own = { name: `M4 distance d ${d}, N ${n}, a query`, ours };
  return {
    rows: [
      row({
        ...own,
        rival: programs,
        rivalName: "HiGHS wasm QP",
        bar: { of: "ratio", atMost: 1 / 100 },
        note: `the program differs by ${errors.join(", ")}`,
      }),
      row({ ...own, rival: found.distance, rivalName: "SciPy nnls", bar: { of: "ratio", atMost: 1 / 8 } }),
    ],
    skipped: without(found),
  };
}

/** M5: all extreme points of `n`, against Qhull. */
export async function extremePoints(n, bar) {
  await init({ backend: "wasm" });
  const d = 8;
  const x = new Generator(7).split("M5").normal64(n * d);
  let count;
  const find = async () => {
    count = (await (await ConvexHull.from({ data: x, shape: [n, d] })).extremePoints()).length;
  };
  const ours = await sample(find, repeatsOr(5), { clock: processorClock });
  const found = scipy(x, n, d, new Float64Array(0), "qhull");
  if (found.vertices !== undefined && found.vertices !== count) throw new Error("M5: the numbers differ");
  const name = `M5 extreme points d ${d}, N ${n}`;
  const note = `${count} extreme`;
  return {
    rows: [row({ name, ours, rival: found.qhull, rivalName: "Qhull", ...(bar && { bar }), note })],
    skipped: without(found),
  };
}

/** M6: the slowest of the exact probabilities of the paper's range. */
export function probabilities() {
  const slowest = [];
  for (let r = 0; r < repeatsOr(5); r++) {
    let most = 0;
    for (const [n, d] of [
      [1e12, 200],
      [1e12, 20],
      [1e6, 100],
      [1000, 200],
      [1e9, 50],
      [1e12, 2],
    ]) {
      const start = processorClock();
      gaussianHullProbability({ n, d });
      most = Math.max(most, processorClock() - start);
    }
    slowest.push(most);
  }
  return {
    rows: [row({ name: "M6 slowest Gaussian probability", ours: slowest, bar: { of: "ours", atMost: 20 } })],
  };
}
