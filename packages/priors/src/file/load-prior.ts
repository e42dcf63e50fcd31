import { DataError } from "@lab/core";
import { readSafetensors, type SafetensorsReader } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { GaussianPrior } from "../gaussian/index.js";
import { type PriorManifest, readManifest, sha256 } from "./manifest.js";
import { type MatchOptions, matchParameters } from "./match-parameters.js";
import { dequantiseRows } from "./quantise.js";

async function verified(reader: SafetensorsReader, manifest: PriorManifest, name: string, path: string) {
  const values = await reader.array(name);
  if ((await sha256(values)) === manifest.tensors[name]) return values as Float32Array;
  throw new DataError(`loadPrior: ${name} in ${path} does not match its checksum; the file was altered`, {
    path,
    offset: reader.info(name).offset,
  });
}

/**
 * Reads a prior and verifies it, manifest and values.
 *
 * @param source - Path of a file (Node), or its bytes (anywhere).
 * @param model - When given, the prior must fit its parameters, see {@link matchParameters}, and speaks about them in
 *   `withPrior`.
 * @param options - See {@link MatchOptions}.
 * @returns The prior at scale 1; it belongs to the caller.
 * @throws {@link DataError} when the file is truncated or altered; {@link ShapeError} that names the first parameter of
 *   another architecture.
 */
export async function loadPrior(
  source: string | Uint8Array,
  model?: LayersModel,
  options: MatchOptions = {},
): Promise<GaussianPrior> {
  const path = typeof source === "string" ? source : "the given bytes";
  const reader = readSafetensors(source);
  const manifest = await readManifest(reader, path);
  const parameters = model && matchParameters(model, manifest.layout, options);
  const mean = await verified(reader, manifest, "mean", path);
  const variance = await verified(reader, manifest, "variance", path);
  const base = { mean, variance, layout: manifest.layout, ...(parameters && { parameters }) };
  if (manifest.rank === 0) return GaussianPrior.from(base);
  const stored = await verified(reader, manifest, "deviations", path);
  const values =
    manifest.precision === "f32"
      ? stored
      : dequantiseRows(stored, await verified(reader, manifest, "scales", path));
  const deviations = tf.tensor2d(values, [manifest.rank, manifest.size]);
  try {
    return GaussianPrior.from({ ...base, deviations });
  } finally {
    deviations.dispose();
  }
}

/**
 * The manifest of a prior file, verified, without reading its tensors.
 *
 * @param source - Path of a file (Node), or its bytes.
 * @throws {@link DataError} when the file holds no prior or its manifest was altered.
 */
export async function inspectPrior(source: string | Uint8Array): Promise<PriorManifest> {
  const path = typeof source === "string" ? source : "the given bytes";
  return readManifest(readSafetensors(source), path);
}
