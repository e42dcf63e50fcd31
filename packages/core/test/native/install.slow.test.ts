// The real installation: several hundred megabytes from the package index, a compiler, and a minute of work.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tensorflowStatus } from "../../src/native/status.node.js";
import { bundleProgram } from "../device/webgpu/bundle.js";
import { conformance } from "./conformance.js";
import { linalgConformance } from "./linalg-conformance.js";

const answers = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const canInstall =
  process.platform === "linux" && answers("g++", "--version") && answers("python3", "-m", "pip", "--version");
const project = mkdtempSync(join(tmpdir(), "lab native "));
const program = join(import.meta.dirname, "../../node_modules/.cache/lab-test/lab-core.mjs");

function labCore(...args: string[]): ChildProcess & { output: () => string; done: Promise<number | null> } {
  const child = spawn(process.execPath, [program, "tensorflow", ...args], { cwd: project });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += String(part)));
  const done = new Promise<number | null>((resolve) => child.on("close", resolve));
  return Object.assign(child, { output: () => text, done });
}

describe.skipIf(!canInstall)("the native TensorFlow", () => {
  beforeAll(async () => {
    writeFileSync(join(project, "package.json"), '{ "name": "a-project", "private": true }');
    await bundleProgram(
      'import { runCommand } from "../../../src/bin/run-command.node.js"; await runCommand();',
      program,
    );
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test("killed at every step it says, the installation still comes to its end", async () => {
    for (const step of ["downloading", "unpacking", "compiling", "testing"]) {
      const attempt = labCore("install");
      const killed = await new Promise<boolean>((resolve) => {
        const look = setInterval(() => {
          if (!attempt.output().includes(step)) return;
          clearInterval(look);
          setTimeout(() => resolve(attempt.kill("SIGKILL")), 200);
        }, 20);
        void attempt.done.then(() => {
          clearInterval(look);
          resolve(false);
        });
      });
      await attempt.done;
      expect(killed, attempt.output()).toBe(true);
      expect(tensorflowStatus(project).installed).toBe(false);
    }
    const last = labCore("install");
    expect(await last.done, last.output()).toBe(0);
    expect(last.output()).toContain("going on with what an earlier attempt unpacked");
    expect(tensorflowStatus(project).installed).toBe(true);
    const lib = join(project, "node_modules", "@tensorflow", "tfjs-node", "lib");
    expect(readdirSync(lib).filter((name) => name !== "napi-v8" && !name.startsWith("lab-2"))).toEqual([]);
  });

  test("installing again keeps what is there", async () => {
    const again = labCore("install");
    expect(await again.done).toBe(0);
    expect(again.output()).toContain("already installed, and its test passes");
  });

  for (const [statement, check] of Object.entries({ ...conformance, ...linalgConformance })) {
    test(statement, async () => {
      process.env.LAB_TENSORFLOW_DIR = project;
      await check();
    });
  }

  test("uninstalling leaves the project as it was", async () => {
    const undo = labCore("uninstall");
    expect(await undo.done, undo.output()).toBe(0);
    expect(existsSync(join(project, "node_modules", "@tensorflow", "tfjs-node"))).toBe(false);
    expect(tensorflowStatus(project).installed).toBe(false);
  });
});
