import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, init } from "@lab/core";
import type { OptionValues } from "@lab/core/experiment";
import { atomicWrite, readSafetensors } from "@lab/core/io";
import { mlp } from "@lab/core/nn";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../src/commands/index.js";
import { type Compressed, compress, saveArtifact } from "../src/index.js";

let folder = "";
let net: Compressed;
let file: string;
let locked: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rpg-commands-"));
  net = compress(mlp({ sizes: [6, 9, 3] }), { parameters: 40, seed: "a secret" });
  [file, locked] = [join(folder, "net.rpg"), join(folder, "locked.rpg")];
  await atomicWrite(file, await saveArtifact(net, { bits: 8 }));
  await atomicWrite(locked, await saveArtifact(net, { key: "withhold", encrypt: { passphrase: "words" } }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(name: string, options: OptionValues, json = false) {
  const lines: string[] = [];
  const command = commands.find(({ path }) => path.join(" ") === `rpg ${name}`)!;
  const code = await command.run({
    options,
    init: () => init({ backend: "wasm" }),
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: () => {},
    print: (line) => lines.push(line),
    json,
  });
  return { code, lines };
}

test("inspect says what a file holds", async () => {
  const { code, lines } = await run("inspect", { file });
  expect(code).toBe(0);
  expect(lines[0]).toMatch(/^\d+ bytes: rings 44 in 8 bits, free parameters 48 in 32 bits$/);
  expect(lines).toContain("  0/kernel [6,9]");
  expect(lines.at(-1)).toBe("architecture: embedded");
  const { lines: json } = await run("inspect", { file }, true);
  expect(JSON.parse(json.join("\n"))).toMatchObject({ bits: 8, bytes: { ring: 44 }, hasTopology: true });
});

test("inspect refuses what is missing, damaged or encrypted, by name", async () => {
  await expect(run("inspect", { file: join(folder, "none") })).rejects.toThrow(/none cannot be read/);
  const damaged = new Uint8Array(await readFile(file));
  damaged[damaged.length - 1]! ^= 1;
  const path = join(folder, "damaged.rpg");
  await atomicWrite(path, damaged);
  await expect(run("inspect", { file: path })).rejects.toThrow(DataError);
  await expect(run("inspect", { file: locked })).rejects.toThrow(/encrypted/);
});

test("export writes the kernels that the ring generates, and leaves no tensor", async () => {
  const out = join(folder, "plain.safetensors");
  const options = { file: locked, out, key: "a secret", passphrase: "words" };
  const before = tf.memory().numTensors;
  expect((await run("export", options)).lines[0]).toMatch(/^93 numbers, \d+ bytes$/);
  expect(tf.memory().numTensors).toBe(before);
  const reader = readSafetensors(out);
  expect(reader.names().length).toBe(4);
  for (const { name } of net.generator.targets) {
    await expectClose(await reader.tensor(name), net.generator.generate(name), { relative: 0, absolute: 0 });
  }
  expect(JSON.parse(reader.metadata.model!)).toMatchObject({ className: "Model" });
  await expect(run("export", { file: locked, out, passphrase: "words" })).rejects.toThrow(/key is withheld/);
  await expect(run("export", { file: locked, out, key: "a secret" })).rejects.toThrow(
    /passphrase was expected/,
  );
});
