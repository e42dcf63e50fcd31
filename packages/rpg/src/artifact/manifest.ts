import { DataError } from "@lab/core";
import { sha256 } from "@noble/hashes/sha2.js";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { GeneratorSpec } from "../generator/index.js";
import { gzip, hexOf, readHeader } from "./envelope.js";
import { gunzip } from "./inflate.js";

/** Version of the format that this package writes. */
export const FORMAT = 1;

/** What a file says about itself, beside its tensors. */
export interface Manifest {
  format: number;
  /** Bits of each number of the rings. */
  bits: number;
  groupSize: number;
  generators: GeneratorSpec[];
  /** Of each generator's targets: their places among all kernels of the model. */
  places: number[][];
  /** Names and shapes of free weights in the model's order. */
  free: [name: string, shape: number[]][];
  /** Bits of each free parameter. */
  freeBits: 32 | 16;
  fingerprint: string | null;
  /** The architecture, where it is not omitted. */
  topology: { className: string; config: unknown } | null;
  /** Digests of the layers. */
  digests: string;
}

/** The manifest as text of the metadata: JSON, or its gzip in base64. */
export async function encodeManifest(manifest: Manifest, isGzipped: boolean): Promise<string> {
  const text = JSON.stringify(manifest);
  if (!isGzipped) return text;
  const bytes = await gzip(new TextEncoder().encode(text));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** The manifest of a file whose digest has been verified. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const text = readHeader(bytes).metadata.rpg!;
  const plain = text.startsWith("{")
    ? text
    : new TextDecoder().decode(gunzip(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))));
  const manifest = JSON.parse(plain) as Manifest;
  if (manifest.format !== FORMAT) {
    throw new DataError(
      `loadArtifact: bytes have format ${manifest.format}; format ${FORMAT} was expected; a newer version of this package reads it`,
      { path: "bytes" },
    );
  }
  return manifest;
}

/** What of a layer's configuration does not change what it computes from given weights. */
const IGNORED = /^(name|trainable|dtype|batchInputShape|inboundNodes|inputLayers|outputLayers)$|Initializer$/;
const DIGEST_LENGTH = 8;

/** Short digests of a model's layers, one after the other; names and initialisers are left out. */
export function digestsOf(model: LayersModel): string {
  return model.layers
    .map((layer) => {
      const text = JSON.stringify([layer.getClassName(), layer.getConfig()], (key, value) =>
        IGNORED.test(key) ? undefined : value,
      );
      return hexOf(sha256(new TextEncoder().encode(text))).slice(0, DIGEST_LENGTH);
    })
    .join("");
}

/** Refuses a model whose layers differ from those that were saved; the first that differs is named. */
export function checkLayers(model: LayersModel, expected: string): void {
  const own = digestsOf(model);
  if (own === expected) return;
  const digest = (all: string, i: number) => all.slice(DIGEST_LENGTH * i, DIGEST_LENGTH * (i + 1));
  let at = 0;
  while (digest(own, at) === digest(expected, at)) at++;
  const layer = model.layers[at];
  const what = layer ? `${layer.name} (${layer.getClassName()})` : "missing";
  throw new DataError(
    `loadArtifact: model's layer ${at} is ${what}; the one that was saved there was expected, of ${expected.length / DIGEST_LENGTH} layers`,
    { path: "bytes" },
  );
}
