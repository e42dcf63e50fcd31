/**
 * The `lab rpg` commands.
 *
 * @packageDocumentation
 */
import { DataError } from "@lab/core";
import type { Command } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import { inspectArtifact, loadArtifact } from "../artifact/index.js";
import { exportModel } from "../compress/index.js";

async function readBytes(caller: string, path: string): Promise<Uint8Array> {
  const { readFile } = await import("node:fs/promises");
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new DataError(
      `${caller}: ${path} cannot be read; a readable file was expected`,
      { path },
      { cause },
    );
  }
}

const inspect: Command = {
  path: ["rpg", "inspect"],
  summary: "Show what an artefact holds, without building its model",
  options: { file: { type: "positional", description: "A file of saveArtifact", required: true } },
  async run({ options, print, json }) {
    const info = inspectArtifact(await readBytes("lab rpg inspect", String(options.file)));
    if (json) {
      print(JSON.stringify(info, null, 1));
      return 0;
    }
    const { bits, freeBits, bytes, generators, hasTopology } = info;
    print(
      `${bytes.total} bytes: rings ${bytes.ring} in ${bits} bits, free parameters ${bytes.free} in ${freeBits} bits${bytes.index > 0 ? `, imported index ${bytes.index}` : ""}`,
    );
    for (const { size, ringId, seed, share, targets } of generators) {
      const key = seed === null ? "withheld" : seed;
      print(`ring ${ringId}: ${size} numbers, ${share}, key ${key}, ${targets.length} kernels`);
      for (const [name, shape] of targets) print(`  ${name} [${shape.join(",")}]`);
    }
    print(`architecture: ${hasTopology ? "embedded" : "omitted"}`);
    return 0;
  },
};

const exportCommand: Command = {
  path: ["rpg", "export"],
  summary: "Turn an artefact into an ordinary model: weights as safetensors, by layer and weight",
  options: {
    file: { type: "positional", description: "A file of saveArtifact", required: true },
    out: { type: "string", description: "File to write", required: true },
    key: { type: "string", description: "The key, where the file withholds it" },
    passphrase: { type: "string", description: "Opens an encrypted file" },
  },
  async run({ options, init, print, json }) {
    await init();
    const { encodeSafetensors } = await import("@lab/core/io");
    const bytes = await readBytes("lab rpg export", String(options.file));
    const compressed = await loadArtifact(bytes, {
      ...(options.key === undefined ? {} : { key: String(options.key) }),
      ...(options.passphrase === undefined ? {} : { passphrase: String(options.passphrase) }),
    });
    const plain = exportModel(compressed);
    try {
      const entries: Record<string, tf.Tensor> = {};
      for (const [i, weight] of plain.weights.entries()) {
        const name = weight.originalName;
        entries[name in entries ? `${name}.${i}` : name] = weight.read();
      }
      const model = JSON.stringify({ className: plain.getClassName(), config: plain.getConfig() });
      const out = await encodeSafetensors(entries, { model });
      await atomicWrite(String(options.out), out);
      const numbers = plain.countParams();
      print(
        json ? JSON.stringify({ numbers, bytes: out.length }) : `${numbers} numbers, ${out.length} bytes`,
      );
      return 0;
    } finally {
      tf.dispose(plain.weights.map((weight) => weight.read()));
      compressed.dispose();
    }
  },
};

/** All commands of this package. */
export const commands: readonly Command[] = [inspect, exportCommand];
