import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, device } from "@lab/core";
import type { OptionValues } from "@lab/core/experiment";
import { writeNpy } from "@lab/core/io";
import { afterAll, expect, test } from "vitest";
import { commands } from "../src/commands/index.js";

const folder = mkdtempSync(join(tmpdir(), "lab-priors-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a command prints. */
async function lab(path: string, options: OptionValues, json = false): Promise<string> {
  const command = commands.find((candidate) => candidate.path.join(" ") === path)!;
  const lines: string[] = [];
  const code = await command.run({
    options,
    json,
    init: async () => device(),
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: () => {},
    print: (line) => lines.push(line),
  });
  expect(code).toBe(0);
  return lines.join("\n");
}

test("a release's files become a prior file that says what it is", async () => {
  const [mean, variance, covmat, out] = ["mean", "variance", "covmat", "out"].map((name) =>
    join(folder, `${name}.npy`),
  ) as [string, string, string, string];
  await writeNpy(mean, { data: Float32Array.of(1, 2, 3), shape: [3] });
  await writeNpy(variance, { data: Float32Array.of(0.1, 0.2, 0.3), shape: [3] });
  await writeNpy(covmat, { data: new Float32Array(6).fill(0.5), shape: [2, 3] });
  const options = { mean, variance, covmat, out, precision: "f16", licence: "CC0-1.0" };
  expect(await lab("priors convert", options)).toBe(`${out}: 3 parameters, 2 deviations`);
  expect(JSON.parse(await lab("priors convert", options, true))).toEqual({ out, size: 3, rank: 2 });
  const text = await lab("priors inspect", { file: out });
  expect(text).toContain("3 parameters, 2 deviations in f16");
  expect(text).toContain('licence: "CC0-1.0"');
  expect(JSON.parse(await lab("priors inspect", { file: out }, true))).toMatchObject({ size: 3, rank: 2 });
});

test("a file that is no prior is named", async () => {
  const file = join(folder, "notes.txt");
  writeFileSync(file, "nothing of the kind");
  await expect(lab("priors inspect", { file })).rejects.toBeInstanceOf(DataError);
  await expect(lab("priors inspect", { file })).rejects.toThrow("notes.txt");
});
