import { checkChoice, NumericalError } from "@lab/core";
import { encodeSafetensors, readSafetensors, type SafetensorsValues, writeSafetensors } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import type { GaussianPrior } from "../gaussian/index.js";
import {
  manifestTexts,
  type PriorManifest,
  type PriorMetadata,
  type PriorPrecision,
  sha256,
} from "./manifest.js";
import { quantiseRows } from "./quantise.js";

/** Options of {@link savePrior} and {@link encodePrior}. */
export interface SavePriorOptions {
  /** How deviations are stored. @defaultValue `"f32"` */
  precision?: PriorPrecision;
  /** What people should know about the prior. @defaultValue nothing */
  metadata?: PriorMetadata;
}

interface Prepared {
  entries: Record<string, SafetensorsValues>;
  texts: Record<string, string>;
}

async function valuesOf(name: string, tensor: tf.Tensor): Promise<Float32Array> {
  const values = Float32Array.from(await tensor.data());
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return values;
  throw new NumericalError(
    `savePrior: ${name} holds ${values[bad]} at ${bad}; finite values were expected; the weights that were collected had diverged`,
    { residual: values[bad]! },
  );
}

async function entriesOf(
  prior: GaussianPrior,
  precision: PriorPrecision,
): Promise<Record<string, SafetensorsValues>> {
  const { mean, variance, deviations } = prior.vectors();
  try {
    const { size, rank } = prior;
    const entries: Record<string, SafetensorsValues> = {
      mean: { dtype: "F32", shape: [size], data: await valuesOf("mean", mean) },
      variance: { dtype: "F32", shape: [size], data: await valuesOf("variance", variance) },
    };
    if (!deviations) return entries;
    const values = await valuesOf("deviations", deviations);
    if (precision === "f32") {
      entries.deviations = { dtype: "F32", shape: [rank, size], data: values };
      return entries;
    }
    // Rows are scaled to [-1, 1]: half precision would otherwise lose small deviations.
    const { codes, scales } = quantiseRows(values, rank, precision === "int8" ? 127 : undefined);
    entries.deviations =
      precision === "int8"
        ? { dtype: "I8", shape: [rank, size], data: Int8Array.from(codes) }
        : { dtype: "F16", shape: [rank, size], data: codes };
    entries.scales = { dtype: "F32", shape: [rank], data: scales };
    return entries;
  } finally {
    tf.dispose([mean, variance]);
    deviations?.dispose();
  }
}

async function prepare(prior: GaussianPrior, options: SavePriorOptions): Promise<Prepared> {
  const precision = checkChoice("savePrior", "precision", options.precision ?? "f32", [
    "f32",
    "f16",
    "int8",
  ] as const);
  const entries = await entriesOf(prior, precision);
  // Checksums are taken of the values as a reader gets them, after rounding.
  const tensors: Record<string, string> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const stored = entry.dtype === "F16" ? await rounded(entry) : entry.data;
    tensors[name] = await sha256(stored);
  }
  const manifest: PriorManifest = {
    format: 1,
    layout: prior.layout,
    rank: prior.rank,
    size: prior.size,
    precision,
    metadata: options.metadata ?? {},
    tensors,
  };
  return { entries, texts: await manifestTexts(manifest) };
}

async function rounded(entry: SafetensorsValues): Promise<ArrayBufferView> {
  return readSafetensors(await encodeSafetensors({ entry })).array("entry");
}

/**
 * Writes a prior to a safetensors file, atomically. Mean, variance and deviations are those of the moments: the scale of
 * `prior` is not part of the file. Node only; see {@link encodePrior} for the bytes.
 *
 * @param path - The file.
 * @param prior - The prior.
 * @param options - See {@link SavePriorOptions}.
 * @throws {@link NumericalError} when a value is not finite.
 */
export async function savePrior(
  path: string,
  prior: GaussianPrior,
  options: SavePriorOptions = {},
): Promise<void> {
  const { entries, texts } = await prepare(prior, options);
  await writeSafetensors(path, entries, texts);
}

/** The bytes of the file that {@link savePrior} writes. */
export async function encodePrior(prior: GaussianPrior, options: SavePriorOptions = {}): Promise<Uint8Array> {
  const { entries, texts } = await prepare(prior, options);
  return encodeSafetensors(entries, texts);
}
