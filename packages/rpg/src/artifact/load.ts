import { DataError } from "@lab/core";
import { readSafetensors, type SafetensorsReader } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { kernelsOf } from "../compress/attach.js";
import { emptyCopy, registerLayers } from "../compress/clone.js";
import { assemble } from "../compress/compress.js";
import type { Compressed } from "../compress/index.js";
import { type GeneratorSpec, ParameterGenerator } from "../generator/index.js";
import type { Seed } from "../ring-index/index.js";
import { badArtifact, checkBytes, decrypt, isEncrypted, verify } from "./envelope.js";
import { checkLayers, decodeManifest, type Manifest } from "./manifest.js";
import { type RingFormat, ringFrom } from "./ring-entries.js";
import { fingerprintOf, freeWeights } from "./save.js";

/** Options of {@link loadArtifact}. */
export interface LoadOptions {
  /** The key, where the file withholds it. */
  key?: Seed;
  /** A model of the same architecture, where the file omits it; it stays as it is. Its layers may have other names. */
  model?: LayersModel;
  /** Opens an encrypted file. */
  passphrase?: string;
}

/**
 * Builds the model that {@link saveArtifact} wrote; no code of its builder is needed.
 *
 * @param bytes - The file.
 * @param options - See {@link LoadOptions}.
 * @returns See `compress`; the caller disposes it.
 * @throws {@link ArgumentError} when `bytes` is no Uint8Array; {@link DataError} when any byte differs from what was written, the key or the passphrase is missing or wrong, or the
 *   given model has another architecture; the first layer that differs is named.
 */
export async function loadArtifact(bytes: Uint8Array, options: LoadOptions = {}): Promise<Compressed> {
  checkBytes("loadArtifact", bytes);
  const open = isEncrypted(bytes) ? await decrypt(bytes, options.passphrase) : bytes;
  verify(open);
  const manifest = decodeManifest(open);
  const file = readSafetensors(open);
  if (manifest.generators.some(({ seed }) => seed === null) && options.key === undefined) {
    throw new DataError("loadArtifact: key is withheld by the file; it was expected as an option", {
      path: "bytes",
    });
  }
  const model = modelFor(manifest, options.model);
  const generators: ParameterGenerator[] = [];
  try {
    const specs = renamed(model, manifest);
    for (const [i, spec] of specs.entries())
      generators.push(await generatorFrom(i, spec, manifest, file, options));
    if (manifest.fingerprint !== null && fingerprintOf(generators) !== manifest.fingerprint) {
      throw new DataError("loadArtifact: key does not fit the file; the one it was saved with was expected", {
        path: "bytes",
      });
    }
    const names = generators.flatMap((generator) => generator.targets.map(({ name }) => name));
    const values = await freeValues(manifest, file);
    const compressed = assemble(model, names, generators);
    tf.tidy(() => {
      for (const [i, weight] of freeWeights(compressed).entries()) {
        weight.write(tf.tensor(values[i]!, manifest.free[i]![1]));
      }
    });
    return compressed;
  } catch (error) {
    for (const generator of generators) generator.dispose();
    for (const weight of model.weights) {
      const { val } = weight as unknown as { val: tf.Variable };
      if (!val.isDisposed) val.dispose();
    }
    throw error;
  }
}

async function generatorFrom(
  i: number,
  spec: GeneratorSpec,
  manifest: Manifest,
  file: SafetensorsReader,
  { key }: LoadOptions,
): Promise<ParameterGenerator> {
  const ring = await ringFrom(i, spec.size, manifest as RingFormat, file);
  const index = file.has(`ring.${i}.index`)
    ? ((await file.array(`ring.${i}.index`)) as Int32Array)
    : undefined;
  return ParameterGenerator.fromJSON(spec, ring, spec.seed === null ? key : undefined, index);
}

/** The free parameters in the model's order. */
async function freeValues(manifest: Manifest, file: SafetensorsReader): Promise<Float32Array[]> {
  const joined = file.has("free") ? ((await file.array("free")) as Float32Array) : undefined;
  const values: Float32Array[] = [];
  let at = 0;
  for (const [name, shape] of manifest.free) {
    const size = tf.util.sizeFromShape(shape);
    const own = joined
      ? joined.subarray(at, at + size)
      : ((await file.array(`free.${name}`)) as Float32Array);
    values.push(own);
    at += size;
  }
  return values;
}

function modelFor(manifest: Manifest, given: LayersModel | undefined): LayersModel {
  if (given) {
    checkLayers(given, manifest.digests);
    return emptyCopy(given);
  }
  if (manifest.topology === null) {
    throw new DataError("loadArtifact: bytes omit the architecture; a model was expected as an option", {
      path: "bytes",
    });
  }
  registerLayers();
  const { className, config } = manifest.topology;
  const cls = tf.serialization.SerializationMap.getMap().classNameMap[className]?.[0];
  if (!cls) throw badArtifact(`its model is a ${className}`);
  return (cls as unknown as { fromConfig(cls: unknown, config: unknown): LayersModel }).fromConfig(
    cls,
    config,
  );
}

/** The generators' descriptions with the model's names for their targets, whose shapes must fit. */
function renamed(model: LayersModel, { generators, places }: Manifest): GeneratorSpec[] {
  const kernels = kernelsOf(model);
  return generators.map((spec, g) => ({
    ...spec,
    targets: spec.targets.map(([name, shape, std, from], i) => {
      const kernel = kernels[places[g]![i]!];
      const found = kernel?.variable.shape;
      if (kernel && String(found) === String(shape)) return [kernel.name, shape, std, from];
      throw new DataError(
        `loadArtifact: model has ${kernel ? `${kernel.name} of shape [${found}]` : `no kernel ${name}`}; shape [${shape}] was expected`,
        { path: "bytes" },
      );
    }),
  }));
}
