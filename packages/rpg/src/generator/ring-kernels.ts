import {
  callKernel,
  type HostKernel,
  hasHostKernel,
  type KernelAttributes,
  registerHostKernel,
} from "@lab/core/host-kernel";
import * as tf from "@tensorflow/tfjs-core";
import { PLACE_MASK } from "../ring-index/ring-index.js";
import { gatherShader, hasShader, type IndexSource, scatterShader } from "./webgpu-kernels.js";

const GATHER = "LabRingGather";
const SCATTER = "LabRingScatter";

/** One kernel's elements: where they come from and by what they are scaled. */
export interface Wiring {
  /** Packed index, one word for each element. */
  packed: Int32Array;
  /** Factor of the kernel. */
  scale: number;
  /** Elements of the ring. */
  ringSize: number;
  /** Shape of the kernel. */
  shape: readonly number[];
  /** The index on a device, where it is kept. */
  device?: DeviceIndex | undefined;
  /** What the index follows from, where a shader may compute it. */
  source?: IndexSource | undefined;
}

// A product with 1 | (word >> 31), which is 1 or −1, changes the sign without a branch that nobody can predict.

/** Kernel elements from the ring, on host memory. */
export function gatherHost(ring: Float32Array, { packed, scale }: Wiring, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) {
    const word = packed[i]!;
    out[i] = (1 | (word >> 31)) * scale * ring[word & PLACE_MASK]!;
  }
}

/** Gradient of the ring from that of the kernel, on host memory; `out` is cleared first. */
export function scatterHost(gradient: Float32Array, { packed, scale }: Wiring, out: Float32Array): void {
  out.fill(0);
  for (let i = 0; i < packed.length; i++) {
    const word = packed[i]!;
    out[word & PLACE_MASK]! += (1 | (word >> 31)) * gradient[i]!;
  }
  if (scale === 1) return;
  for (let i = 0; i < out.length; i++) out[i] = scale * out[i]!;
}

const gatherKernel: HostKernel = {
  name: GATHER,
  inputs: ["x"],
  outputShapes: (_, wiring) => [[...(wiring as unknown as Wiring).shape]],
  compute: ([ring], [out], _, wiring) => gatherHost(ring!, wiring as unknown as Wiring, out!),
};
const scatterKernel: HostKernel = {
  name: SCATTER,
  inputs: ["x"],
  outputShapes: (_, wiring) => [[(wiring as unknown as Wiring).ringSize]],
  compute: ([gradient], [out], _, wiring) => scatterHost(gradient!, wiring as unknown as Wiring, out!),
};

/** Whether the current backend works on memory that this process can touch; registers the kernels there. */
function hasHostKernels(): boolean {
  registerHostKernel(gatherKernel);
  registerHostKernel(scatterKernel);
  return hasHostKernel(GATHER);
}

const runKernel = (name: string, x: tf.Tensor, wiring: Wiring): tf.Tensor =>
  callKernel(name, { x }, wiring as unknown as KernelAttributes)[0]!;

/** Places in `[ring; -ring]`: the sign folded into the index. */
const forwardIndex = (packed: Int32Array, ringSize: number): tf.Tensor1D =>
  tf.tensor1d(
    packed.map((word) => (word & PLACE_MASK) + (word < 0 ? ringSize : 0)),
    "int32",
  );

/** Places in `[gradient; -gradient; 0]`: row k holds the k-th use of each element of the ring, in their order. */
function inverseIndex(packed: Int32Array, ringSize: number): tf.Tensor2D {
  const length = packed.length;
  const uses = new Int32Array(ringSize);
  for (const word of packed) uses[word & PLACE_MASK]!++;
  const most = uses.reduce((a, b) => Math.max(a, b), 1);
  const index = new Int32Array(most * ringSize).fill(2 * length);
  uses.fill(0);
  for (let i = 0; i < length; i++) {
    const word = packed[i]!;
    const place = word & PLACE_MASK;
    index[uses[place]!++ * ringSize + place] = word < 0 ? length + i : i;
  }
  return tf.tensor2d(index, [most, ringSize], "int32");
}

/** A kernel's index on the device, made when it is first needed and kept until it is disposed. */
export class DeviceIndex {
  private forwardTensor: tf.Tensor1D | undefined;
  private inverseTensor: tf.Tensor2D | undefined;

  /** For the kernel. */
  forward(packed: Int32Array, ringSize: number): tf.Tensor1D {
    this.forwardTensor ??= tf.keep(forwardIndex(packed, ringSize));
    return this.forwardTensor;
  }

  /** For the ring's gradient. */
  inverse(packed: Int32Array, ringSize: number): tf.Tensor2D {
    this.inverseTensor ??= tf.keep(inverseIndex(packed, ringSize));
    return this.inverseTensor;
  }

  dispose(): void {
    this.forwardTensor?.dispose();
    this.inverseTensor?.dispose();
    this.forwardTensor = undefined;
    this.inverseTensor = undefined;
  }
}

/** A gather from the ring and its negative, one after the other. */
export function gatherDevice(ring: tf.Tensor, { packed, scale, shape, ringSize, device }: Wiring): tf.Tensor {
  const index = device?.forward(packed, ringSize) ?? forwardIndex(packed, ringSize);
  const both = tf.concat1d([ring as tf.Tensor1D, tf.neg(ring) as tf.Tensor1D]);
  const kernel = tf.reshape(tf.gather(both, index), [...shape]);
  return scale === 1 ? kernel : tf.mul(kernel, scale);
}

/**
 * The gradient as an inverse gather: for each element of the ring the positions that use it, in their order. No atomic
 * additions, so that the order of the sum is fixed.
 */
export function scatterDevice(gradient: tf.Tensor, { packed, scale, ringSize, device }: Wiring): tf.Tensor {
  const index = device?.inverse(packed, ringSize) ?? inverseIndex(packed, ringSize);
  const flat = tf.reshape(gradient, [-1]) as tf.Tensor1D;
  const padded = tf.concat1d([flat, tf.neg(flat) as tf.Tensor1D, tf.zeros([1]) as tf.Tensor1D]);
  const used = tf.reshape(tf.gather(padded, tf.reshape(index, [-1])), index.shape);
  const sum = tf.sum(used, 0);
  return scale === 1 ? sum : tf.mul(sum, scale);
}

type Pass = (x: tf.Tensor, wiring: Wiring) => tf.Tensor;

/** Generation and gradient for the current backend. */
function passes(): [forward: Pass, backward: Pass] {
  if (hasHostKernels()) {
    return [(x, wiring) => runKernel(GATHER, x, wiring), (x, wiring) => runKernel(SCATTER, x, wiring)];
  }
  return [
    (x, wiring) => (hasShader(wiring) ? gatherShader : gatherDevice)(x, wiring),
    (x, wiring) => (hasShader(wiring) ? scatterShader : scatterDevice)(x, wiring),
  ];
}

/**
 * A kernel from the ring, with the ring's gradient in closed form.
 *
 * @param ring - Numbers of the ring, shape `[N]`.
 * @param wiring - A function, since the index may be computed afresh in each pass.
 * @param precondition - Factor on the ring's gradient, shape `[N]`, or none.
 */
export function generateKernel(
  ring: tf.Tensor,
  wiring: () => Wiring,
  precondition: tf.Tensor | undefined,
): tf.Tensor {
  const [forward, backward] = passes();
  const generate = tf.customGrad((x) => ({
    value: forward(x as tf.Tensor, wiring()),
    gradFunc: (upstream: tf.Tensor | tf.Tensor[]) => {
      const sum = backward(Array.isArray(upstream) ? upstream[0]! : upstream, wiring());
      return precondition ? tf.mul(sum, precondition) : sum;
    },
  }));
  return generate(ring);
}
