// Rivals in processes of their own.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Environment of a rival: some machines tell OpenBLAS the wrong processor, and libraries are compared as they come. */
export function rivalEnvironment(more = {}) {
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...rest } = process.env;
  return { ...rest, ...more };
}

/** JSON on the last line that a script prints under the Python of LAB_PYTHON, or `{ missing }` with the reason. */
export function python(script, args = [], environment = {}) {
  if (!process.env.LAB_PYTHON) return { missing: "LAB_PYTHON names no Python" };
  const { status, stdout, stderr } = spawnSync(
    process.env.LAB_PYTHON,
    [fileURLToPath(script), ...args.map(String)],
    { encoding: "utf8", maxBuffer: 2 ** 26, env: rivalEnvironment(environment) },
  );
  return status === 0 ? lastLine(stdout) : { missing: stderr.trim().split("\n").at(-1) };
}

/** JSON on the last line that a program of ours prints in a process of its own. */
export function node(script, args = []) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", fileURLToPath(script), ...args.map(String)],
    { encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  if (status !== 0)
    throw new Error(`${fileURLToPath(script)} ${args.join(" ")}: ${stderr.trim().slice(-2000)}`);
  return lastLine(stdout);
}

const lastLine = (text) => JSON.parse(text.trim().split("\n").at(-1));
