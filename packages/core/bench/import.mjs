// Time of `import "@lab/core"` in a fresh process, against the engine alone.
import { spawnSync } from "node:child_process";
import { row } from "@lab/tooling/bench";

const REPEATS = 11;

function once(specifier) {
  const program = `const t = performance.now(); await import("${specifier}"); console.log(performance.now() - t);`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
  return Number(stdout);
}

export async function rows() {
  const [ours, rival] = [[], []];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    ours.push(once("@lab/core"));
    rival.push(once("@tensorflow/tfjs-core"));
  }
  return {
    rows: [
      row({
        name: "import @lab/core without a backend",
        ours,
        rival,
        rivalName: "@tensorflow/tfjs-core alone",
        bar: { of: "ours", atMost: 150 },
      }),
    ],
  };
}
