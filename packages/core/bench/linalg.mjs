// Host linear algebra in double precision against numpy in the same run:
//   pnpm --filter @lab/core build && node bench/linalg.mjs [n] [python]
import { spawnSync } from "node:child_process";
import { choleskyHost, eighHost, qrHost, solveHost, svdHost } from "@lab/core/linalg";

const RIVAL = `
import json, sys, time
import numpy as np
n = int(sys.argv[1])
rng = np.random.default_rng(1)
a = rng.standard_normal((n, n)); s = a + a.T; p = a @ a.T + n * np.eye(n)
runs = {"cholesky": lambda: np.linalg.cholesky(p), "eigh": lambda: np.linalg.eigh(s), "svd": lambda: np.linalg.svd(a),
        "qr": lambda: np.linalg.qr(a), "solve": lambda: np.linalg.solve(a, s)}
out = {}
for name, run in runs.items():
    run(); times = []
    for _ in range(5):
        t = time.perf_counter(); run(); times.append(1000 * (time.perf_counter() - t))
    out[name] = sorted(times)[2]
print(json.dumps(out))
`;

/** Median milliseconds of five runs after one to warm up. */
export function median(run) {
  run();
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[2];
}

/** Milliseconds of every factorisation at order n. */
export function measure(n) {
  let state = 1;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 1073741824 - 1;
  };
  const a = Float64Array.from({ length: n * n }, random);
  const symmetric = a.map((x, i) => x + a[(i % n) * n + Math.floor(i / n)]);
  const spd = symmetric.map((x, i) => (i % (n + 1) === 0 ? x + 4 * n : x));
  return {
    cholesky: median(() => choleskyHost(spd, n)),
    eigh: median(() => eighHost(symmetric, n)),
    svd: median(() => svdHost(a, n, n)),
    qr: median(() => qrHost(a, n, n)),
    solve: median(() => solveHost(a, symmetric, n, n)),
  };
}

/** Ours, numpy's, and the ratio; numpy is absent where Python has none. */
export function compare(n = 512, python = "python3") {
  const answer = spawnSync(python, ["-c", RIVAL, String(n)], { encoding: "utf8" });
  const rival = answer.status === 0 ? JSON.parse(answer.stdout) : {};
  return Object.entries(measure(n)).map(([name, ms]) => ({
    name,
    n,
    ms,
    numpyMs: rival[name],
    ratio: rival[name] === undefined ? undefined : ms / rival[name],
  }));
}

if (process.argv[1]?.endsWith("linalg.mjs")) {
  const [n, python] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(compare(n ? Number(n) : 512, python), null, 1)}\n`);
}
