import { ShapeError } from "@lab/core";
import { parameters } from "@lab/core/nn";
import type * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Decoder } from "./decoder.js";

/**
 * Any layers model from codes to data as a decoder.
 *
 * @param model - One input `[N, l]` and one output `[N, d]`; it stays the caller's, and training changes its weights.
 * @returns A decoder whose gradients come from automatic differentiation.
 * @throws {@link ShapeError} when the model's input or output is not of rank 2.
 */
export function decoderFromModel(model: LayersModel): Decoder {
  const input = model.inputs[0]!.shape;
  const output = model.outputs[0]!.shape;
  if (model.inputs.length !== 1 || model.outputs.length !== 1 || input.length !== 2 || output.length !== 2) {
    throw new ShapeError(
      `decoderFromModel: model maps [${input}] to [${output}]; one input and one output of rank 2 were expected`,
      { argument: "model", shape: output.map((size) => size ?? -1) },
    );
  }
  return {
    codeDim: input[1]!,
    dataDim: output[1]!,
    variables: [...parameters(model).values()] as tf.Variable[],
    decode: (codes) => model.apply(codes) as tf.Tensor2D,
  };
}
