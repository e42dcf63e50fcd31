import { ArgumentError, checkBoolean, checkChoice, checkInteger, DataError } from "@lab/core";
import { encodeSafetensors, type SafetensorsValues } from "@lab/core/io";
import { sha256 } from "@noble/hashes/sha2.js";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel, LayerVariable } from "@tensorflow/tfjs-layers";
import { kernelsOf } from "../compress/attach.js";
import { emptyCopy, registerLayers } from "../compress/clone.js";
import { assemble } from "../compress/compress.js";
import type { Compressed } from "../compress/index.js";
import { type GeneratorSpec, ParameterGenerator } from "../generator/index.js";
import type { Seed } from "../ring-index/index.js";
import { packBits, unpackBits } from "./bit-packing.js";
import {
  badArtifact,
  decrypt,
  EMPTY_DIGEST,
  encrypt,
  isEncrypted,
  readHeader,
  seal,
  squeeze,
  unsqueeze,
  verify,
} from "./envelope.js";
import { dequantiseRing, quantiseRing } from "./quantise.js";

/** Options of {@link saveArtifact}. */
export interface SaveOptions {
  /** Bits of each number of the ring; 32 keeps it exactly. @defaultValue 32 */
  bits?: 32 | 8 | 6 | 4 | 3;
  /** Neighbours on the ring that share a scale, below 32 bits. @defaultValue 64 */
  groupSize?: number;
  /** Whether the key goes into the file; without it the file is useless to others. @defaultValue `"embed"` */
  key?: "embed" | "withhold";
  /** Whether a wrong key is told at once; lets anyone try keys quickly. @defaultValue true where the key is embedded */
  fingerprint?: boolean;
  /** Whether the architecture goes into the file. @defaultValue `"embed"` */
  topology?: "embed" | "omit";
  /** Encrypts the file with AES-256-GCM under a key derived from a passphrase. @defaultValue none */
  encrypt?: { passphrase: string };
}

/** Options of {@link loadArtifact}. */
export interface LoadOptions {
  /** The key, where the file withholds it. */
  key?: Seed;
  /** A model of the same architecture, where the file omits it; it stays as it is. */
  model?: LayersModel;
  /** Opens an encrypted file. */
  passphrase?: string;
}

/** What a file says about itself. */
export interface ArtifactInfo {
  /** Version of the format. */
  format: number;
  /** Bits of each number of the rings. */
  bits: number;
  /** The generators; `seed` is null where the key is withheld. */
  generators: readonly GeneratorSpec[];
  /** Free parameters with their shapes. */
  free: readonly { name: string; shape: readonly number[] }[];
  /** Bytes of the rings with their scales, of the free parameters, and of all. */
  bytes: { ring: number; free: number; total: number };
  /** Whether the architecture is in the file. */
  hasTopology: boolean;
}

const FORMAT = 1;

interface Manifest {
  format: number;
  bits: number;
  groupSize: number;
  generators: GeneratorSpec[];
  /** Names of free weights in the model's order. */
  free: string[];
  fingerprint: string | null;
  topology: string | null;
}

function fingerprintOf(generators: readonly ParameterGenerator[]): string {
  const hash = sha256.create();
  for (const generator of generators) {
    const { name } = generator.targets[0]!;
    const head = generator.index(name).slice(0, 256);
    hash.update(new Uint8Array(head.buffer));
  }
  return Array.from(hash.digest().subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function freeWeights(compressed: Compressed): LayerVariable[] {
  const rings = new Set<LayerVariable>(compressed.generators.map(({ weight }) => weight));
  return compressed.model.weights.filter((weight) => !rings.has(weight));
}

/**
 * Writes a compressed model as bytes: the rings, the free parameters, the architecture and the key.
 *
 * @param compressed - What `compress` returned; it stays as it is.
 * @param options - See {@link SaveOptions}.
 * @returns A safetensors file with a digest of all its bytes; `atomicWrite` of `@lab/core/io` puts it on disk.
 * @throws {@link ArgumentError} when an option is out of range or a number of a ring is not finite.
 * @remarks $\lceil bN/8 \rceil + 4\lceil N/64 \rceil$ bytes for a ring of $N$ numbers in $b$ bits. A withheld key locks
 *   the model but is no encryption: the numbers are visible, and short keys can be searched; use `encrypt` for secrecy.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { mlp } from "@lab/core/nn";
 * import { compress, inspectArtifact, loadArtifact, saveArtifact } from "@lab/rpg";
 *
 * await init();
 * const net = compress(mlp({ sizes: [784, 300, 300, 300, 10], bias: false }), { parameters: 4000 });
 * const bytes = await saveArtifact(net, { bits: 8 });
 * bytes.length < 6000; // => true
 * inspectArtifact(bytes).bytes.ring; // => 4252
 * const again = await loadArtifact(bytes);
 * again.report.generated; // => 418200
 * ```
 */
export async function saveArtifact(compressed: Compressed, options: SaveOptions = {}): Promise<Uint8Array> {
  const bits = checkChoice("saveArtifact", "bits", options.bits ?? 32, [32, 8, 6, 4, 3] as const);
  const groupSize = checkInteger("saveArtifact", "groupSize", options.groupSize ?? 64, { min: 1 });
  const key = checkChoice("saveArtifact", "key", options.key ?? "embed", ["embed", "withhold"] as const);
  const topology = checkChoice("saveArtifact", "topology", options.topology ?? "embed", [
    "embed",
    "omit",
  ] as const);
  const withPrint = checkBoolean("saveArtifact", "fingerprint", options.fingerprint ?? key === "embed");
  const entries: Record<string, SafetensorsValues> = {};
  for (const [i, generator] of compressed.generators.entries()) {
    const ring = (await generator.ring.data()) as Float32Array;
    if (!ring.every(Number.isFinite)) {
      throw new ArgumentError(
        `saveArtifact: ring.${i} has numbers that are not finite; finite ones were expected; training has diverged`,
        { argument: "compressed", value: ring.find((value) => !Number.isFinite(value)) },
      );
    }
    if (bits === 32) {
      entries[`ring.${i}`] = { dtype: "F32", shape: [ring.length], data: ring };
      continue;
    }
    const { values, scales } = quantiseRing(ring, { bits, groupSize });
    const packed = packBits(values, bits);
    entries[`ring.${i}.scale`] = { dtype: "F32", shape: [scales.length], data: scales };
    entries[`ring.${i}`] = { dtype: "U8", shape: [packed.length], data: packed };
  }
  const free: string[] = [];
  for (const [i, weight] of freeWeights(compressed).entries()) {
    const name = `free.${i}.${weight.originalName}`;
    free.push(name);
    const data = (await weight.read().data()) as Float32Array;
    entries[name] = { dtype: "F32", shape: weight.shape as number[], data };
  }
  const { model } = compressed;
  const architecture = JSON.stringify({ className: model.getClassName(), config: model.getConfig() });
  const manifest: Manifest = {
    format: FORMAT,
    bits,
    groupSize,
    generators: compressed.generators.map((generator) => ({
      ...generator.toJSON(),
      ...(key === "withhold" ? { seed: null } : {}),
    })),
    free,
    fingerprint: withPrint ? fingerprintOf(compressed.generators) : null,
    topology: topology === "embed" ? await squeeze(architecture) : null,
  };
  const bytes = await encodeSafetensors(entries, { rpg: JSON.stringify(manifest), sha256: EMPTY_DIGEST });
  const sealed = seal(bytes);
  return options.encrypt ? encrypt(sealed, options.encrypt.passphrase) : sealed;
}

function manifestOf(bytes: Uint8Array): Manifest {
  const { metadata } = readHeader(bytes);
  const manifest = JSON.parse(metadata.rpg!) as Manifest;
  if (manifest.format !== FORMAT) {
    throw new DataError(
      `loadArtifact: bytes have format ${manifest.format}; format ${FORMAT} was expected; a newer version of this package reads it`,
      { path: "bytes" },
    );
  }
  return manifest;
}

/**
 * Reads what a file says about itself without building anything.
 *
 * @param bytes - What {@link saveArtifact} wrote, not encrypted.
 * @returns See {@link ArtifactInfo}.
 * @throws {@link DataError} when any byte differs from what was written, or the format is another one.
 */
export function inspectArtifact(bytes: Uint8Array): ArtifactInfo {
  verify(bytes);
  const { entries } = readHeader(bytes);
  const { format, bits, generators, topology } = manifestOf(bytes);
  const sizes = { ring: 0, free: 0, total: bytes.length };
  for (const [name, { data_offsets: offsets }] of Object.entries(entries)) {
    sizes[name.startsWith("ring.") ? "ring" : "free"] += offsets[1] - offsets[0];
  }
  const free = Object.entries(entries).filter(([name]) => name.startsWith("free."));
  return {
    format,
    bits,
    generators,
    free: free.map(([name, { shape }]) => ({ name: name.replace(/^free\.\d+\./, ""), shape })),
    bytes: sizes,
    hasTopology: topology !== null,
  };
}

/**
 * Builds the model that {@link saveArtifact} wrote; no code of its builder is needed.
 *
 * @param bytes - The file.
 * @param options - See {@link LoadOptions}.
 * @returns See `compress`; the caller disposes it.
 * @throws {@link DataError} when any byte differs from what was written, the key or the passphrase is missing or wrong, or the
 *   given model has another architecture.
 */
export async function loadArtifact(bytes: Uint8Array, options: LoadOptions = {}): Promise<Compressed> {
  const open = isEncrypted(bytes) ? await decrypt(bytes, options.passphrase) : bytes;
  verify(open);
  const manifest = manifestOf(open);
  const { start, entries } = readHeader(open);
  const tensorBytes = (name: string) => {
    const offsets = entries[name]?.data_offsets;
    if (!offsets) throw badArtifact(`it lacks the tensor ${name}`);
    return open.slice(start + offsets[0], start + offsets[1]);
  };
  const floats = (name: string) => new Float32Array(tensorBytes(name).buffer);
  const { bits, groupSize } = manifest;
  const generators = manifest.generators.map((spec, i) => {
    if (spec.seed === null && options.key === undefined) {
      throw new DataError("loadArtifact: key is withheld by the file; it was expected as an option", {
        path: "bytes",
      });
    }
    const ring =
      bits === 32
        ? floats(`ring.${i}`)
        : dequantiseRing({
            bits: bits as 8,
            groupSize,
            values: unpackBits(tensorBytes(`ring.${i}`), spec.size, bits),
            scales: floats(`ring.${i}.scale`),
          });
    return ParameterGenerator.fromJSON(spec, ring, spec.seed === null ? options.key : undefined);
  });
  try {
    if (manifest.fingerprint !== null && fingerprintOf(generators) !== manifest.fingerprint) {
      throw new DataError("loadArtifact: key does not fit the file; the one it was saved with was expected", {
        path: "bytes",
      });
    }
    const model = await modelFor(manifest, options.model);
    checkKernels(model, generators);
    const names = generators.flatMap((generator) => generator.targets.map(({ name }) => name));
    const compressed = assemble(model, names, generators);
    const free = freeWeights(compressed);
    tf.tidy(() => {
      for (const [i, name] of manifest.free.entries()) {
        free[i]!.write(tf.tensor(floats(name), entries[name]!.shape));
      }
    });
    return compressed;
  } catch (error) {
    for (const generator of generators) generator.dispose();
    throw error;
  }
}

async function modelFor(manifest: Manifest, given: LayersModel | undefined): Promise<LayersModel> {
  if (given) return emptyCopy(given);
  if (manifest.topology === null) {
    throw new DataError("loadArtifact: bytes omit the architecture; a model was expected as an option", {
      path: "bytes",
    });
  }
  registerLayers();
  const { className, config } = JSON.parse(await unsqueeze(manifest.topology));
  const cls = tf.serialization.SerializationMap.getMap().classNameMap[className]?.[0];
  if (!cls) throw badArtifact(`its model is a ${className}`);
  return (cls as unknown as { fromConfig(cls: unknown, config: unknown): LayersModel }).fromConfig(
    cls,
    config,
  );
}

function checkKernels(model: LayersModel, generators: readonly ParameterGenerator[]): void {
  const shapes = new Map(kernelsOf(model).map(({ name, variable }) => [name, String(variable.shape)]));
  for (const { name, shape } of generators.flatMap(({ targets }) => targets)) {
    if (shapes.get(name) === String(shape)) continue;
    throw new DataError(
      `loadArtifact: model has ${shapes.has(name) ? `${name} of shape [${shapes.get(name)}]` : `no kernel ${name}`}; shape [${shape}] was expected`,
      { path: "bytes" },
    );
  }
}
