import { ArgumentError, DataError } from "@lab/core";
import { readSafetensors, type SafetensorsReader } from "@lab/core/io";
import type * as tf from "@tensorflow/tfjs-core";
import { type Decoder, linearDecoder, mlpDecoder } from "../decoders/index.js";
import type { LISTA } from "../encoder/index.js";
import type { TrainOptions } from "./preset.js";
import type { Artifacts } from "./training-types.js";

/** Sizes and options of a saved autoencoder. */
export interface Config extends Record<string, unknown> {
  kind: "linear" | "mlp" | "other";
  dataDim: number;
  codeDim: number;
  hidden: number[];
  columnNorm: number | null;
  listaIterations: number;
  options: TrainOptions;
}

/** Sizes and options of an autoencoder. */
export function configOf(model: { decoder: Decoder; encoder: LISTA; options: TrainOptions }): Config {
  const { decoder, encoder, options } = model;
  const kernels = "kernels" in decoder ? (decoder.kernels as tf.Tensor[]) : [];
  return {
    kind: kernels.length > 0 ? "mlp" : "dictionary" in decoder ? "linear" : "other",
    dataDim: decoder.dataDim,
    codeDim: decoder.codeDim,
    hidden: kernels.slice(1).map((kernel) => kernel.shape[0]!),
    columnNorm: (decoder as { columnNorm?: number }).columnNorm ?? null,
    listaIterations: encoder.iterations,
    options,
  };
}

/** Weights and configuration of artifacts, or of their bytes alone. */
export function openArtifacts(a: Artifacts | Uint8Array): { weights: Uint8Array; config: Config } {
  if (!(a instanceof Uint8Array)) return { weights: a.weights, config: a.config as Config };
  const text = readSafetensors(a).metadata.config;
  if (text === undefined) {
    throw new DataError(
      "SparseAutoencoder.load: a lacks a configuration; bytes of a saved one were expected",
      {
        path: "bytes",
      },
    );
  }
  return { weights: a, config: JSON.parse(text) as Config };
}

/** A new decoder of the sizes of a configuration. */
export function decoderOf({ kind, dataDim, codeDim, hidden, columnNorm }: Config): Decoder {
  const norm = columnNorm === null ? {} : { columnNorm };
  if (kind === "linear") return linearDecoder({ dataDim, codeDim, ...norm });
  if (kind === "mlp") return mlpDecoder({ dataDim, codeDim, hidden, ...norm });
  throw new ArgumentError(
    "SparseAutoencoder.load: decoder is undefined; the decoder from a layers model was expected again",
    { argument: "decoder", value: undefined },
  );
}

/** Puts saved values into variables by name. */
export async function assignAll(
  state: ReadonlyMap<string, tf.Variable>,
  source: Uint8Array | SafetensorsReader,
): Promise<void> {
  const reader = source instanceof Uint8Array ? readSafetensors(source) : source;
  for (const [name, variable] of state) {
    if (!reader.has(name)) {
      throw new DataError(`SparseAutoencoder.load: weights lacks "${name}"; every variable was expected`, {
        path: "weights",
      });
    }
    const tensor = await reader.tensor(name);
    variable.assign(tensor);
    tensor.dispose();
  }
}
