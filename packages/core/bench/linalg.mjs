// Host linear algebra in double precision against numpy on one thread in the same run.
import { choleskyHost, eighHost, qrHost, solveHost, svdHost } from "@lab/core/linalg";
import { python, row, sample } from "@lab/tooling/bench";

const ORDER = 512;
const bars = { cholesky: 60, eigh: 600 };

/** Milliseconds of every factorisation at order n. */
async function measure(n) {
  let state = 1;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 1073741824 - 1;
  };
  const a = Float64Array.from({ length: n * n }, random);
  const symmetric = a.map((x, i) => x + a[(i % n) * n + Math.floor(i / n)]);
  const spd = symmetric.map((x, i) => (i % (n + 1) === 0 ? x + 4 * n : x));
  const runs = {
    cholesky: () => choleskyHost(spd, n),
    eigh: () => eighHost(symmetric, n),
    svd: () => svdHost(a, n, n),
    qr: () => qrHost(a, n, n),
    solve: () => solveHost(a, symmetric, n, n),
  };
  const times = {};
  for (const [name, run] of Object.entries(runs)) times[name] = await sample(run, 7);
  return times;
}

export async function rows() {
  const numpy = python(new URL("linalg-rivals.py", import.meta.url), [ORDER], { OPENBLAS_NUM_THREADS: "1" });
  const result = Object.entries(await measure(ORDER)).map(([name, ours]) =>
    row({
      name: `${name}Host, n = ${ORDER}`,
      ours,
      rival: numpy[name],
      rivalName: "numpy, one thread",
      ...(bars[name] && { bar: { of: "ours", atMost: bars[name] } }),
    }),
  );
  return { rows: result, skipped: numpy.missing ? [{ name: "numpy", reason: numpy.missing }] : [] };
}
