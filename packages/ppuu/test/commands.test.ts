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
async function lab(
  name: string,
  options: CommandContext["options"],
  json = false,
  { signal = new AbortController().signal, onProgress = () => undefined }: Partial<CommandContext> = {},
): Promise<string> {
  const command = commands.find(({ path }) => path.join(" ") === `ppuu ${name}`)!;
  const lines: string[] = [];
  const defaults = Object.fromEntries(
    Object.entries(command.options).map(([key, spec]) => [key, spec.default]),
  );
  const code = await command.run({
    options: { ...defaults, ...options },
    init: async () => device(),
    runner: "inline",
    signal,
    onProgress,
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

test("train, stopped twice, ends with the bytes of an undisturbed run; evaluate drives what it wrote", async () => {
  const log = join(folder, "traffic.npz");
  await lab("simulate", { out: log, seconds: 16, seed: 4 });
  const options = { log, steps: 12, batch: 8, horizon: 4, seed: 1 };
  const [whole, stopped] = [join(folder, "whole"), join(folder, "stopped")];
  // A run that never began does not claim its folder.
  await expect(lab("train", { ...options, out: whole, steps: 0 })).rejects.toThrow("steps is 0");
  const undisturbed = JSON.parse(await lab("train", { ...options, out: whole }, true));
  expect(undisturbed).toMatchObject({ steps: 12, resumedFrom: 0 });
  for (const at of [3, 8]) {
    const stop = new AbortController();
    const run = lab("train", { ...options, out: stopped }, true, {
      signal: stop.signal,
      onProgress: ({ done, metrics }) => metrics && done === at && stop.abort(new Error("Ctrl-C")),
    });
    await expect(run).rejects.toThrow("Ctrl-C");
  }
  // Options of every command, such as the backend's, make no other run.
  const resumed = JSON.parse(await lab("train", { ...options, out: stopped, backend: "auto" }, true));
  expect(resumed).toMatchObject({ resumedFrom: 8, loss: undisturbed.loss });
  for (const file of ["policy.json", "losses.json"]) {
    expect((await readFile(join(stopped, file))).equals(await readFile(join(whole, file)))).toBe(true);
  }
  await expect(lab("train", { ...options, out: stopped, seed: 2 })).rejects.toThrow(
    `ppuu train: out is ${stopped}, which holds a run of`,
  );

  const drive = { log, episodes: 4, seconds: 3, mode: "reactive" };
  const found = JSON.parse(await lab("evaluate", { ...drive, policy: join(whole, "policy.json") }, true));
  expect(found).toMatchObject({ mode: "reactive", episodes: 4 });
  expect(await lab("evaluate", { ...drive, mode: "replay", policy: "replay" })).toContain(
    "of 4 episodes, replay",
  );
});
