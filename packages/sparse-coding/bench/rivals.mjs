// A Python process with scikit-learn and PyTorch, asked line by line, so that its runs lie between ours.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { rivalEnvironment } from "@lab/tooling/bench";

/** Starts the interpreter that LAB_PYTHON names; `undefined` without one. */
export async function startRivals() {
  const python = process.env.LAB_PYTHON;
  if (!python) return undefined;
  const child = spawn(python, [fileURLToPath(new URL("rivals.py", import.meta.url))], {
    env: rivalEnvironment(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the Python process ended; LAB_PYTHON needs numpy, scikit-learn and torch");
    return JSON.parse(value);
  };
  const versions = await next();
  const ask = (task) => {
    child.stdin.write(`${JSON.stringify(task)}\n`);
    return next();
  };
  return { versions, ask, stop: () => child.stdin.end() };
}
