import type * as tf from "@tensorflow/tfjs-core";
import type { OpAttribute, TensorflowBackend } from "./tensorflow-backend.js";

/** A tensor inside the native library. */
interface Handle {
  id: number;
  shape: number[];
  dtype: number;
}

/** What an op takes and gives below the level at which every tensor must have a type that the engine knows. */
interface RawBackend {
  binding: {
    TF_ATTR_TYPE: number;
    TF_ATTR_BOOL: number;
    TF_FLOAT: number;
    executeOp(name: string, attributes: OpAttribute[], ids: number[], count: number): Handle[];
    deleteTensor(id: number): void;
  };
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  createOutputTensor(handle: Handle): tf.Tensor;
}

const TF_DOUBLE = 2; // the C library's number; the binding has no name for it

/** Runs an op on doubles, named by their ids; `T` is set. */
export type DoubleOp = (name: string, attributes: OpAttribute[], ids: number[], count?: number) => number[];

/**
 * Runs ops of TensorFlow in double precision on float32 tensors. The engine has no such type, so the doubles live
 * only between the casts and never become tensors of its own.
 *
 * @param body - Gets the inputs as ids of doubles; returns the ids of the outputs.
 * @throws What an op throws, with nothing left behind.
 */
export function inDouble(
  backend: TensorflowBackend,
  inputs: tf.TensorInfo[],
  body: (ids: number[], op: DoubleOp) => number[],
): tf.Tensor[] {
  const raw = backend as unknown as RawBackend;
  const { binding } = raw;
  const type = (attribute: string, value: number) => ({ name: attribute, type: binding.TF_ATTR_TYPE, value });
  const cast = (id: number, from: number, to: number): Handle => {
    const truncate = { name: "Truncate", type: binding.TF_ATTR_BOOL, value: false };
    return binding.executeOp("Cast", [type("SrcT", from), type("DstT", to), truncate], [id], 1)[0]!;
  };
  const doubles: number[] = [];
  try {
    for (const id of raw.getInputTensorIds(inputs)) doubles.push(cast(id, binding.TF_FLOAT, TF_DOUBLE).id);
    const outputs = body([...doubles], (name, attributes, ids, count = 1) => {
      const results = binding.executeOp(name, [type("T", TF_DOUBLE), ...attributes], ids, count);
      doubles.push(...results.map(({ id }) => id));
      return results.map(({ id }) => id);
    });
    return outputs.map((id) => raw.createOutputTensor(cast(id, TF_DOUBLE, binding.TF_FLOAT)));
  } finally {
    for (const id of doubles) binding.deleteTensor(id);
  }
}
