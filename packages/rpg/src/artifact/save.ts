import { ArgumentError, checkBoolean, checkChoice, checkInteger } from "@lab/core";
import { encodeSafetensors, type SafetensorsValues } from "@lab/core/io";
import { sha256 } from "@noble/hashes/sha2.js";
import type { LayersModel, LayerVariable } from "@tensorflow/tfjs-layers";
import { kernelNames } from "../compress/attach.js";
import type { Compressed } from "../compress/index.js";
import type { GeneratorSpec, ParameterGenerator } from "../generator/index.js";
import { checkBytes, EMPTY_DIGEST, encrypt, readHeader, seal, verify } from "./envelope.js";
import { decodeManifest, digestsOf, encodeManifest, FORMAT, type Manifest } from "./manifest.js";
import { ringEntries } from "./ring-entries.js";

/** Options of {@link saveArtifact}. */
export interface SaveOptions {
  /** Bits of each number of the ring; 32 keeps it exactly. @defaultValue 32 */
  bits?: 32 | 8 | 6 | 4 | 3;
  /** Neighbours on the ring that share a scale, below 32 bits. @defaultValue 64 */
  groupSize?: number;
  /** Bits of each free parameter, running statistics included; 16 rounds to half precision. @defaultValue 32 */
  freeBits?: 32 | 16;
  /** Whether the key goes into the file; without it the file is useless to others. @defaultValue `"embed"` */
  key?: "embed" | "withhold";
  /** Whether a wrong key is told at once; lets anyone try keys quickly. @defaultValue true where the key is embedded */
  fingerprint?: boolean;
  /** Whether the architecture goes into the file. @defaultValue `"embed"` */
  topology?: "embed" | "omit";
  /**
   * Whether the description is compressed and the free parameters are one tensor; without, each is a tensor
   * `free.<layer>/<weight>` that any reader of the format finds. @defaultValue true
   */
  gzip?: boolean;
  /** Encrypts the file with AES-256-GCM under a key derived from a passphrase. @defaultValue none */
  encrypt?: { passphrase: string };
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
  /** Bits of each free parameter. */
  freeBits: 32 | 16;
  /** Bytes of the rings with their scales, of the free parameters, of imported indices, and of all. */
  bytes: { ring: number; free: number; index: number; total: number };
  /** Whether the architecture is in the file. */
  hasTopology: boolean;
}

/** A short digest of the rings' indices, by which a wrong key is told. */
export function fingerprintOf(generators: readonly ParameterGenerator[]): string {
  const hash = sha256.create();
  for (const generator of generators) {
    const { name } = generator.targets[0]!;
    const head = generator.index(name).slice(0, 256);
    hash.update(new Uint8Array(head.buffer));
  }
  return Array.from(hash.digest().subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The weights that are no rings, in the model's order. */
export function freeWeights(compressed: Compressed): LayerVariable[] {
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
  const freeBits = checkChoice("saveArtifact", "freeBits", options.freeBits ?? 32, [32, 16] as const);
  const gzip = checkBoolean("saveArtifact", "gzip", options.gzip ?? true);
  const withPrint = checkBoolean("saveArtifact", "fingerprint", options.fingerprint ?? key === "embed");
  const { model, generators } = compressed;
  const entries: Record<string, SafetensorsValues> = {};
  for (const [i, generator] of generators.entries()) {
    Object.assign(entries, await ringEntries(i, generator, { bits, groupSize }));
  }
  const free = await freeParameters(compressed);
  Object.assign(entries, freeEntries(free, freeBits, gzip));
  const manifest: Manifest = {
    format: FORMAT,
    bits,
    groupSize,
    generators: generators.map((generator) => ({
      ...generator.toJSON(),
      ...(key === "withhold" ? { seed: null } : {}),
    })),
    places: placesOf(model, generators),
    free: free.map(({ name, shape }) => [name, shape]),
    freeBits,
    fingerprint: withPrint ? fingerprintOf(generators) : null,
    topology: topology === "embed" ? { className: model.getClassName(), config: model.getConfig() } : null,
    digests: digestsOf(model),
  };
  const rpg = await encodeManifest(manifest, gzip);
  const sealed = seal(await encodeSafetensors(entries, { rpg, sha256: EMPTY_DIGEST }));
  return options.encrypt ? encrypt(sealed, options.encrypt.passphrase) : sealed;
}

/** Largest number of half precision. */
const LARGEST_HALF = 65_504;

interface Parameter {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** The free parameters with distinct names. */
async function freeParameters(compressed: Compressed): Promise<Parameter[]> {
  const seen = new Set<string>();
  const found: Parameter[] = [];
  for (const [i, weight] of freeWeights(compressed).entries()) {
    const name = seen.has(weight.originalName) ? `${weight.originalName}.${i}` : weight.originalName;
    seen.add(name);
    const data = (await weight.read().data()) as Float32Array;
    found.push({ name, shape: weight.shape as number[], data });
  }
  return found;
}

function freeEntries(
  free: readonly Parameter[],
  bits: 32 | 16,
  isJoined: boolean,
): Record<string, SafetensorsValues> {
  const dtype = bits === 16 ? "F16" : "F32";
  for (const { name, data } of free) {
    const tooLarge = bits === 16 ? data.find((value) => Math.abs(value) > LARGEST_HALF) : undefined;
    if (tooLarge === undefined) continue;
    throw new ArgumentError(
      `saveArtifact: freeBits is 16 and ${name} holds ${tooLarge}; at most ${LARGEST_HALF} was expected; use 32`,
      { argument: "freeBits", value: bits },
    );
  }
  if (!isJoined) {
    return Object.fromEntries(free.map(({ name, shape, data }) => [`free.${name}`, { dtype, shape, data }]));
  }
  if (free.length === 0) return {};
  const data = new Float32Array(free.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of free) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { free: { dtype, shape: [data.length], data } };
}

function placesOf(model: LayersModel, generators: readonly ParameterGenerator[]): number[][] {
  const names = kernelNames(model);
  return generators.map(({ targets }) => targets.map(({ name }) => names.indexOf(name)));
}

/**
 * Reads what a file says about itself without building anything.
 *
 * @param bytes - What {@link saveArtifact} wrote, not encrypted.
 * @returns See {@link ArtifactInfo}.
 * @throws {@link DataError} when any byte differs from what was written, the bytes are encrypted, or the format is another
 *   one.
 */
export function inspectArtifact(bytes: Uint8Array): ArtifactInfo {
  checkBytes("inspectArtifact", bytes);
  verify(bytes);
  const { entries } = readHeader(bytes);
  const { format, bits, generators, topology, free, freeBits } = decodeManifest(bytes);
  const sizes = { ring: 0, free: 0, index: 0, total: bytes.length };
  for (const [name, { data_offsets: offsets }] of Object.entries(entries)) {
    const part = !name.startsWith("ring.") ? "free" : name.endsWith(".index") ? "index" : "ring";
    sizes[part] += offsets[1] - offsets[0];
  }
  return {
    format,
    bits,
    generators,
    free: free.map(([name, shape]) => ({ name, shape })),
    freeBits,
    bytes: sizes,
    hasTopology: topology !== null,
  };
}
