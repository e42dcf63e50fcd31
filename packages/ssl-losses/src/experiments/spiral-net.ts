import { initialise } from "@lab/core/nn";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";

type Weight = ReturnType<layers.Layer["addWeight"]>;

/** Cosines and sines of fixed random projections. */
class FourierFeatures extends layers.Layer {
  /** @nocollapse */
  static readonly className = "LabFourierFeatures";
  private readonly frequencies: Float32Array;
  private readonly inputs: number;
  private kernel!: Weight;

  constructor(name: string, frequencies: Float32Array, inputs: number) {
    super({ name });
    this.frequencies = frequencies;
    this.inputs = inputs;
  }

  override build(): void {
    const shape: [number, number] = [this.inputs, this.frequencies.length / this.inputs];
    const fixed = { apply: () => tf.tensor2d(this.frequencies, shape), getConfig: () => ({}) };
    this.kernel = this.addWeight("frequencies", shape, "float32", fixed as never, undefined, false);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor2D;
      const phases = tf.matMul(x, this.kernel.read() as tf.Tensor2D);
      return tf.concat([tf.cos(phases), tf.sin(phases)], 1);
    });
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return [inputShape[0]!, (2 * this.frequencies.length) / this.inputs];
  }
}

/** Points of the plane through 128 random frequencies of spread 0.5 and two ELU layers. */
export function spiralNet(width: number, generator: Generator): LayersModel {
  const frequencies = Float32Array.from(generator.split("frequencies").normal64(256), (v) => 0.5 * v);
  const first = input({ shape: [2] });
  let x = new FourierFeatures("fourier", frequencies, 2).apply(first) as SymbolicTensor;
  for (const name of ["0", "1"]) {
    x = layers.dense({ units: width, kernelInitializer: "zeros", name }).apply(x) as SymbolicTensor;
    x = layers.activation({ activation: "elu", name: `${name}.elu` }).apply(x) as SymbolicTensor;
  }
  const net = model({ inputs: first, outputs: x });
  initialise(net, generator);
  return net;
}

/** Two arms of a spiral that wind around each other, taking turns. */
export function doubleSpiral(
  count: number,
  generator: Generator,
): { points: Float32Array; arms: Int32Array } {
  const u = generator.split("place").float64(count);
  const noise = generator.split("noise").normal64(2 * count);
  const points = new Float32Array(2 * count);
  const arms = Int32Array.from({ length: count }, (_, i) => i % 2);
  for (let i = 0; i < count; i++) {
    const t = 1.5 * Math.PI * (1 + 2 * u[i]!);
    const sign = arms[i] === 0 ? 1 : -1;
    points[2 * i] = sign * t * Math.cos(t) + 0.1 * noise[2 * i]!;
    points[2 * i + 1] = sign * t * Math.sin(t) + 0.1 * noise[2 * i + 1]!;
  }
  return { points, arms };
}
