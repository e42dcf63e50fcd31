import { ArgumentError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import type { ParameterGenerator } from "./generator/index.js";

/** Options that the layers of this file share. */
export interface RpgLayerOptions {
  /** Generates the kernel: the target of this layer's name. */
  ring: ParameterGenerator;
  /** Name of the layer and of the target. */
  name: string;
  /** Whether a bias is added. @defaultValue true */
  useBias?: boolean;
}

/** Options of {@link rpgConv2d}. */
export interface RpgConv2dOptions extends RpgLayerOptions {
  /** Step in both directions. @defaultValue 1 */
  strides?: number;
  /** Border. @defaultValue `"same"` */
  padding?: "same" | "valid";
}

type Weight = ReturnType<layers.Layer["addWeight"]>;
type Shape = (number | null)[];

/** A layer whose kernel is a target of a generator; the first layer built on a ring registers it. */
abstract class RpgLayer extends layers.Layer {
  protected bias: Weight | undefined;
  protected readonly shape: readonly number[];

  constructor(
    caller: string,
    rank: number,
    protected readonly options: RpgLayerOptions,
  ) {
    super({ name: options.name });
    const target = options.ring.targets.find(({ name }) => name === options.name);
    if (target?.shape.length !== rank) {
      throw new ArgumentError(
        `${caller}: name is ${JSON.stringify(options.name)}; a target of the ring of rank ${rank} was expected, one of ${options.ring.targets.map(({ name }) => name).join(", ")}`,
        { argument: "name", value: options.name },
      );
    }
    this.shape = target.shape;
  }

  override build(): void {
    if (!owners.has(this.options.ring)) {
      owners.add(this.options.ring);
      (this as unknown as { _trainableWeights: unknown[] })._trainableWeights.push(this.options.ring.weight);
    }
    if (this.options.useBias ?? true) {
      this.bias = this.addWeight("bias", [this.shape.at(-1)!], "float32", {
        apply: (shape: number[]) => tf.zeros(shape),
      } as never);
    }
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      const y = this.product(x, this.options.ring.generate(this.options.name));
      return this.bias ? tf.add(y, this.bias.read()) : y;
    });
  }

  protected abstract product(x: tf.Tensor, kernel: tf.Tensor): tf.Tensor;
}

const owners = new WeakSet<ParameterGenerator>();

class RpgDense extends RpgLayer {
  /** @nocollapse */
  static readonly className = "LabRpgDense";
  constructor(options: RpgLayerOptions) {
    super("rpgDense", 2, options);
  }
  override computeOutputShape(input: Shape): Shape {
    return [...input.slice(0, -1), this.shape[1]!];
  }
  protected override product(x: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
    const flat = tf.reshape(x, [-1, this.shape[0]!]) as tf.Tensor2D;
    return tf.reshape(tf.matMul(flat, kernel as tf.Tensor2D), [...x.shape.slice(0, -1), this.shape[1]!]);
  }
}

class RpgConv2d extends RpgLayer {
  /** @nocollapse */
  static readonly className = "LabRpgConv2d";
  private readonly strides: number;
  private readonly padding: "same" | "valid";
  constructor(options: RpgConv2dOptions) {
    super("rpgConv2d", 4, options);
    this.strides = options.strides ?? 1;
    this.padding = options.padding ?? "same";
  }
  override computeOutputShape(input: Shape): Shape {
    const side = (size: number | null | undefined, kernel: number) =>
      size == null ? null : Math.ceil((this.padding === "same" ? size : size - kernel + 1) / this.strides);
    return [input[0]!, side(input[1], this.shape[0]!), side(input[2], this.shape[1]!), this.shape[3]!];
  }
  protected override product(x: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
    return tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, this.strides, this.padding);
  }
}

/**
 * A dense layer whose kernel is a target of a generator, for models written by hand.
 *
 * @param options - See {@link RpgLayerOptions}; the target has shape `[inputs, units]`.
 * @returns The layer, `[..., inputs]` to `[..., units]`.
 * @throws {@link ArgumentError} when the generator has no target of that name and rank.
 * @remarks The first layer that is built on a ring owns it, so that optimizers see it once.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { input, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
 * import { ParameterGenerator, rpgDense } from "@lab/rpg";
 *
 * await init();
 * const ring = new ParameterGenerator([{ name: "a", shape: [20, 5], std: 0.3 }], { parameters: 10 });
 * const first = input({ shape: [20] });
 * const outputs = rpgDense({ ring, name: "a", useBias: false }).apply(first) as SymbolicTensor;
 * model({ inputs: first, outputs }).countParams(); // => 10
 * ```
 */
export function rpgDense(options: RpgLayerOptions): layers.Layer {
  return new RpgDense(options);
}

/**
 * A convolution whose kernel is a target of a generator, for models written by hand.
 *
 * @param options - See {@link RpgConv2dOptions}; the target has shape `[height, width, in, out]`.
 * @returns The layer, on `[batch, height, width, in]`.
 * @throws {@link ArgumentError} when the generator has no target of that name and rank.
 */
export function rpgConv2d(options: RpgConv2dOptions): layers.Layer {
  return new RpgConv2d(options);
}
