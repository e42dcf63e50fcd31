import { DataError } from "@lab/core";
import type { SafetensorsReader } from "@lab/core/io";
import type { ParameterLayout } from "../layout/index.js";

/** How the deviations are stored; mean and variance are always float32, since small variances do not survive less. */
export type PriorPrecision = "f32" | "f16" | "int8";

/** What people should know about a prior. */
export interface PriorMetadata {
  /** What the source task was. */
  task?: string;
  /** The data that it was trained on. */
  data?: string;
  /** Updates of the source task. */
  steps?: number;
  /** Licence of the file. */
  licence?: string;
  /** Scales that are worth trying, smallest and largest. */
  recommendedScale?: [number, number];
  /** Anything else. */
  [name: string]: unknown;
}

/** The manifest of a prior file. */
export interface PriorManifest {
  /** Version of the format. */
  format: 1;
  /** Names and shapes in the order of the vectors. */
  layout: ParameterLayout;
  /** Number of deviations. */
  rank: number;
  /** Number of parameters. */
  size: number;
  /** How deviations are stored. */
  precision: PriorPrecision;
  /** What the author said about it. */
  metadata: PriorMetadata;
  /** SHA-256 of each tensor's values, in hexadecimal digits. */
  tensors: Record<string, string>;
}

/** Keys of the header under which manifest and its checksum stand. */
const MANIFEST = "lab.prior";
const CHECKSUM = "lab.prior.sha256";

/** SHA-256 in hexadecimal digits, in Node and in pages alike. */
export async function sha256(bytes: ArrayBufferView): Promise<string> {
  const view = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", view));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The header's texts for a manifest. */
export async function manifestTexts(manifest: PriorManifest): Promise<Record<string, string>> {
  const text = JSON.stringify(manifest);
  return { [MANIFEST]: text, [CHECKSUM]: await sha256(new TextEncoder().encode(text)) };
}

/**
 * Reads and verifies the manifest of an open file.
 *
 * @throws {@link DataError} when there is none, it was altered, or its version is unknown.
 */
export async function readManifest(reader: SafetensorsReader, path: string): Promise<PriorManifest> {
  const text = reader.metadata[MANIFEST];
  if (text === undefined) {
    throw new DataError(`loadPrior: ${path} holds no prior; a file written by savePrior was expected`, {
      path,
    });
  }
  if (reader.metadata[CHECKSUM] !== (await sha256(new TextEncoder().encode(text)))) {
    throw new DataError(
      `loadPrior: the manifest of ${path} does not match its checksum; the file was altered`,
      { path },
    );
  }
  const manifest = JSON.parse(text) as PriorManifest;
  if (manifest.format !== 1) {
    throw new DataError(
      `loadPrior: ${path} has format ${manifest.format}; 1 was expected; update @lab/priors`,
      { path },
    );
  }
  const names = Object.keys(manifest.tensors).sort().join(", ");
  const found = reader.names().sort().join(", ");
  if (names !== found) {
    throw new DataError(`loadPrior: ${path} holds the tensors ${found}; its manifest names ${names}`, {
      path,
    });
  }
  return manifest;
}
