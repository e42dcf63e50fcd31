import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mulberry32 } from "../../src/testing/index.js";

// The program is bundled beside the package, where Node finds the engine.
let folder: string;
let program: string;

beforeAll(async () => {
  const here = dirname(fileURLToPath(import.meta.url));
  const results = join(here, "../../.test-results");
  await mkdir(results, { recursive: true });
  folder = await mkdtemp(join(results, "interrupted-"));
  program = join(folder, "run.mjs");
  await build({
    entryPoints: [join(here, "interrupted-run.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    plugins: [
      {
        name: "one-engine",
        setup: ({ onResolve }) => onResolve({ filter: /^@tensorflow\/[^/]+$/ }, () => ({ external: true })),
      },
    ],
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the program until it ends, or kills it as soon as it has written `killAt` losses. */
function run(name: string, killAt = Number.POSITIVE_INFINITY): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [program, join(folder, `${name}.ckpt`), losses(name)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const watch = setInterval(async () => {
    if (!existsSync(losses(name))) return;
    if ((await lines(name)).length >= killAt) child.kill("SIGKILL");
  }, 2);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (_, signal) => {
      clearInterval(watch);
      resolve(signal);
    });
  });
}

const losses = (name: string) => join(folder, `${name}.txt`);

const lines = async (name: string) => (await readFile(losses(name), "utf8")).split("\n").filter(Boolean);

/** Every step's loss; a step that was repeated after a kill must have given the same one. */
function byStep(rows: readonly string[]): Map<number, string> {
  const found = new Map<number, string>();
  for (const row of rows) {
    const [step, loss] = row.split(" ") as [string, string];
    if (found.has(Number(step))) expect(`${step} ${loss}`).toBe(`${step} ${found.get(Number(step))}`);
    found.set(Number(step), loss);
  }
  return found;
}

test("a process killed at random moments ends with the losses of an undisturbed one, bit by bit", async () => {
  expect(await run("whole")).toBe(null);
  const random = mulberry32(11);
  let kills = 0;
  let written = 0;
  for (let i = 0; i < 4; i++) {
    written += 10 + Math.floor(60 * random());
    if ((await run("killed", written)) === "SIGKILL") kills++;
    written = (await lines("killed")).length;
  }
  expect(await run("killed")).toBe(null);
  expect(kills).toBeGreaterThanOrEqual(3);
  const killed = await lines("killed");
  expect(byStep(killed)).toEqual(byStep(await lines("whole")));
  expect(byStep(killed).size).toBe(300);
});
