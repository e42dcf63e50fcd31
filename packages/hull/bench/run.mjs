// The bars M1 to M8 against naive loops (HiGHS by its wasm build, one program a query) and, where LAB_PYTHON names a Python
// with SciPy, its linprog, nnls and Qhull on the same points in the same run; needs a build.
//   node bench/run.mjs [--only M1,M4] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
// Times of M1 to M6 are processor time, which other work on the machine changes little; those of M7 and M8 are of the clock.
// full-M5 (Qhull at N = 10,000) and full-M7 (all of MNIST, where LAB_DATA_DIR has it) take minutes and run when asked for.
import { runBench } from "@lab/tooling/bench";

const membership = (name, options) => async () =>
  (await import("./membership.mjs")).membership(name, options);
const shapes = (run) => async () => run(await import("./shapes.mjs"));
const scale = (run) => async () => run(await import("./scale.mjs"));

await runBench(import.meta.url, {
  M1: membership("M1 outside", { d: 100, m: 1000, rivalQueries: 2, bars: { highs: 1000, linprog: 1000 } }),
  M2: membership("M2 mixed", { d: 10, m: 300, rivalQueries: 10, bars: { highs: 20, nnls: 10 } }),
  M3: membership("M3 inside", { d: 50, m: 40, inside: true, rivalQueries: 3, bars: { highs: 30 } }),
  "M3-wide": membership("M3 inside", { d: 100, m: 20, inside: true, rivalQueries: 2, bars: { highs: 15 } }),
  M4: shapes(({ distances }) => distances()),
  M5: shapes(({ extremePoints }) => extremePoints(1000)),
  "full-M5": shapes(({ extremePoints }) => extremePoints(10_000, { of: "ratio", atMost: 1 / 50 })),
  M6: shapes(({ probabilities }) => probabilities()),
  "full-M7": scale(({ wholeMnist }) => wholeMnist()),
  M8: scale(({ sharing }) => sharing()),
});
