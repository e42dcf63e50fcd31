import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const bin = join(import.meta.dirname, "..", "dist", "bin.js");

/** What a finished command left. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder with a project that depends on the fixture package. */
export function fixtureProject(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "lab-cli-"));
  const installed = join(folder, "node_modules", "fixture-claims");
  mkdirSync(installed, { recursive: true });
  cpSync(join(import.meta.dirname, "fixture"), installed, { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ dependencies: { "fixture-claims": "1.0.0" } }),
  );
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts the built command line. */
export function start(args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { LAB_DATA_DIR: _, LAB_BACKEND: __, NO_COLOR: ___, ...inherited } = process.env;
  return spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Waits for a command and collects what it printed. */
export function finish(child: ChildProcess): Promise<Finished> {
  let [stdout, stderr] = ["", ""];
  child.stdout!.on("data", (data) => {
    stdout += data;
  });
  child.stderr!.on("data", (data) => {
    stderr += data;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

/** Runs the built command line to its end. */
export function lab(args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return finish(start(args, cwd, env));
}
