import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import type { OptionValues } from "@lab/core/experiment";
import { readNpy, writeNpy } from "@lab/core/io";
import { strokes } from "@lab/sparse-coding";
import { commands } from "@lab/sparse-coding/commands";
import { expect, test } from "vitest";

test("a dictionary is learned from a file, drawn, and used to code", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lab-"));
  const at = (name: string) => join(folder, name);
  await writeNpy(at("y.npy"), { shape: [60, 64], data: strokes({ count: 60, seed: 1, size: 8 }) });
  const lines: string[] = [];
  const run = (name: string, given: OptionValues) => {
    const command = commands.find((c) => c.path[1] === name)!;
    const defaults = Object.fromEntries(
      Object.entries(command.options).map(([key, spec]) => [key, spec.default]),
    );
    return command.run({
      options: { ...defaults, ...given },
      init: async () => device(),
      runner: "inline",
      signal: new AbortController().signal,
      onProgress: () => {},
      print: (line) => lines.push(line),
      json: true,
    });
  };
  const learned = { data: at("y.npy"), out: at("d.npy"), atoms: 9, iterations: 2, picture: at("d.svg") };
  expect(await run("learn", learned)).toBe(0);
  expect((await readNpy(at("d.npy"))).shape).toEqual([64, 9]);
  expect(await readFile(at("d.svg"), "utf8")).toContain("<svg");
  const coded = {
    data: at("y.npy"),
    dictionary: at("d.npy"),
    out: at("z.npy"),
    algorithm: "omp",
    nonzero: 2,
  };
  expect(await run("encode", coded)).toBe(0);
  const { data, shape } = await readNpy(at("z.npy"));
  expect(shape).toEqual([60, 9]);
  for (let n = 0; n < 60; n++) {
    const row = Array.from(data.subarray(n * 9, (n + 1) * 9) as Float32Array);
    expect(row.filter((v) => v !== 0).length).toBeLessThanOrEqual(2);
  }
  expect(JSON.parse(lines[1]!).zeros).toBeGreaterThan(0.7);
});
