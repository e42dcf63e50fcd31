import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import type { CommandContext } from "@lab/core/experiment";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../src/commands/index.js";
import { decodeGif } from "./decode-gif.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lab-ppuu-commands-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a command with its defaults and answers what it printed. */
async function lab(name: string, options: CommandContext["options"], json = false): Promise<string> {
  const command = commands.find(({ path }) => path.join(" ") === `ppuu ${name}`)!;
  const lines: string[] = [];
  const defaults = Object.fromEntries(
    Object.entries(command.options).map(([key, spec]) => [key, spec.default]),
  );
  const code = await command.run({
    options: { ...defaults, ...options },
    init: async () => device(),
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: () => undefined,
    print: (line) => lines.push(line),
    json,
  });
  expect(code).toBe(0);
  return lines.join("\n");
}

test("simulate, inspect and render work together", async () => {
  const log = join(folder, "log.npz");
  expect(await lab("simulate", { out: log, seconds: 8, seed: 3 })).toContain("1 scenes, 60 cars, 80 frames");
  expect(JSON.parse(await lab("inspect", { file: log }, true))).toMatchObject({
    frames: 80,
    lanes: 4,
    cars: 60,
  });
  expect(await lab("inspect", { file: log })).toContain("ring of 360 m");
  const gif = join(folder, "car.gif");
  expect(await lab("render", { log, car: 5, seconds: 2, out: gif })).toContain("timeout after 2.0 s");
  expect(decodeGif(await readFile(gif)).frames).toHaveLength(21);
  for (const kind of ["svg", "png", "html"]) {
    const out = join(folder, `car.${kind}`);
    await lab("render", { log, car: 5, seconds: 2, policy: "idm", mode: "reactive", out, masks: true });
    expect((await readFile(out)).length).toBeGreaterThan(2000);
  }
  await expect(lab("render", { log, car: 5, out: "car.bmp" })).rejects.toThrow("a name ending in .gif");
  await expect(lab("render", { log, car: 99, out: gif })).rejects.toThrow("car 99 of scene 0 does not exist");
  await expect(lab("render", { log, car: 5, policy: "nobody", out: gif })).rejects.toThrow(
    "policy nobody cannot be used",
  );
});
