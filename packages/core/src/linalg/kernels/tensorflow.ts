import * as tf from "@tensorflow/tfjs-core";
import { attributesFor, engineName, inDouble, type TensorflowBackend } from "../../native/kernels/index.js";
import { hostKernels } from "./host.js";
import type { LinalgKernelName, LinalgKernels } from "./names.js";
import { columnSigns, diagonalSigns, swapped, withSigns } from "./signs.js";
import { gramSingularValues, gramSvd, singularDouble } from "./tensorflow-svd.js";

/** One call of a kernel with names for its parts. */
export interface NativeCall {
  /** Inputs by name. */
  inputs: Record<string, tf.Tensor>;
  /** Attributes by name. */
  attrs: Record<string, unknown>;
  /** The backend. */
  backend: TensorflowBackend;
}

/**
 * A kernel of native ops. What the ops cannot do, whether they give `undefined`, a value that is not finite or an
 * error of their own, goes to the host, which solves it or says why not.
 */
function nativeKernel(
  name: LinalgKernelName,
  compute: (call: NativeCall) => tf.Tensor[] | undefined,
): tf.KernelFunc {
  const onHost = hostKernels[name](engineName);
  return (parameters) => {
    const { inputs, attrs, backend } = parameters as unknown as NativeCall;
    const call = { inputs: asTensors(inputs), attrs: attrs ?? {}, backend };
    const outputs = tf.tidy(() => {
      if (!Object.values(call.inputs).every(allFinite)) return undefined;
      try {
        return compute(call);
      } catch {
        return undefined;
      }
    });
    if (outputs === undefined) return onHost(parameters);
    return outputs.length === 1 ? outputs[0]! : outputs;
  };
}

/** The engine hands tensors to kernels, typed as less than that. */
function asTensors(inputs: Record<string, tf.TensorInfo>): Record<string, tf.Tensor> {
  return inputs as Record<string, tf.Tensor>;
}

/** Whether a tensor has only finite values, found on the device: 0 times anything else is NaN. */
function allFinite(tensor: tf.Tensor): boolean {
  return tf.sum(tf.mul(tensor, 0)).dataSync()[0] === 0;
}

/** Runs one op in double precision. */
function run(
  { inputs, backend }: NativeCall,
  op: string,
  flags: Record<string, boolean>,
  names: string[],
  count: number,
): tf.Tensor[] {
  const { flag } = attributesFor(backend);
  const attributes = Object.entries(flags).map(([name, value]) => flag(name, value));
  const tensors = names.map((name) => inputs[name]!);
  return inDouble(backend, tensors, (ids, execute) => execute(op, attributes, ids, count));
}

/** The op's float32 form takes half the time, but its values and vectors err by 3e-5 of the largest at order 512. */
function eigenvectors(call: NativeCall): tf.Tensor[] {
  const [values, vectors] = run(call, "SelfAdjointEigV2", { compute_v: true }, ["a"], 2);
  return [values!, tf.mul(vectors!, columnSigns(vectors!))];
}

/** Whether a solution is so large that the matrix must be singular up to rounding in double precision. */
function isBeyondRounding(x: tf.Tensor, a: tf.Tensor, b: tf.Tensor): boolean {
  const largest = (tensor: tf.Tensor) => tf.max(tf.abs(tensor)).dataSync()[0]!;
  return !(largest(x) * largest(a) <= 2 ** 40 * largest(b));
}

/** Kernels that the TensorFlow backend computes with its own operations; the others run on the host. */
export const tensorflowKernels: LinalgKernels = {
  LabCholesky: nativeKernel("LabCholesky", (call) => {
    const [l] = run(call, "Cholesky", {}, ["a"], 1);
    return allFinite(l!) ? [l!] : undefined; // the host names the pivot
  }),
  LabTriangularSolve: nativeKernel("LabTriangularSolve", (call) => {
    const flags = { lower: call.attrs.lower === true, adjoint: call.attrs.transpose === true };
    const [x] = run(call, "MatrixTriangularSolve", flags, ["l", "b"], 1);
    return allFinite(x!) ? [x!] : undefined; // the host names the row
  }),
  LabSolve: nativeKernel("LabSolve", (call) => {
    const [x] = run(call, "MatrixSolve", { adjoint: false }, ["a", "b"], 1);
    return isBeyondRounding(x!, call.inputs.a!, call.inputs.b!) ? undefined : [x!];
  }),
  LabSlogdet: nativeKernel("LabSlogdet", (call) => run(call, "LogMatrixDeterminant", {}, ["a"], 2)),
  LabEigh: nativeKernel("LabEigh", eigenvectors),
  LabEigvalsh: nativeKernel("LabEigvalsh", (call) =>
    run(call, "SelfAdjointEigV2", { compute_v: false }, ["a"], 2).slice(0, 1),
  ),
  LabSvd: nativeKernel("LabSvd", (call) => {
    const isFull = call.attrs.fullMatrices === true;
    const [u, s, v] = (isFull ? undefined : gramSvd(call)) ?? singularDouble(call, true, isFull);
    const pairs = tf.slice(
      u!,
      u!.shape.map(() => 0),
      [...u!.shape.slice(0, -1), s!.shape.at(-1)!],
    );
    const signs = columnSigns(pairs);
    return [withSigns(u!, signs), s!, swapped(withSigns(v!, signs))];
  }),
  LabSvdvals: nativeKernel("LabSvdvals", (call) => [
    gramSingularValues(call) ?? singularDouble(call, false, false)[1]!,
  ]),
  LabQr: nativeKernel("LabQr", (call) => {
    const [q, r] = run(call, "Qr", { full_matrices: false }, ["a"], 2);
    const signs = diagonalSigns(r!);
    return [tf.mul(q!, signs), tf.mul(r!, swapped(signs))];
  }),
};
