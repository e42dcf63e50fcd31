import { ArgumentError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import { type GeneratorSpec, ParameterGenerator } from "./generator/index.js";

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

  /** The layer's options, and of the ring its description and what tells it from others. */
  override getConfig(): tf.serialization.ConfigDict {
    const { ring, name, useBias = true } = this.options;
    return {
      ...super.getConfig(),
      name,
      useBias,
      ringId: identityOf(ring),
      ring: encodeText(JSON.stringify(ring)),
    };
  }

  protected abstract product(x: tf.Tensor, kernel: tf.Tensor): tf.Tensor;
}

const owners = new WeakSet<ParameterGenerator>();
const identities = new WeakMap<ParameterGenerator, string>();

/** A random text that is the same in all layers of one ring, so that they share one again when they are loaded. */
function identityOf(ring: ParameterGenerator): string {
  const known = identities.get(ring);
  if (known !== undefined) return known;
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(8));
  const identity = hexOf(bytes);
  identities.set(ring, identity);
  return identity;
}

const hexOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

// Saving a model rewrites letters of texts in its configuration; hexadecimal digits stay.
const encodeText = (text: string) => hexOf(new TextEncoder().encode(text));
const decodeText = (hex: string) =>
  new TextDecoder().decode(
    Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)),
  );

interface LayerConfig {
  name: string;
  useBias: boolean;
  ringId: string;
  ring: string;
  strides?: number;
  padding?: "same" | "valid";
}

/** Rings of models that are being loaded, until every target has its layer. */
const loading = new Map<string, { ring: ParameterGenerator; waiting: Set<string> }>();

function ringOf({ ringId, ring: text, name }: LayerConfig): ParameterGenerator {
  let entry = loading.get(ringId);
  if (!entry?.waiting.has(name)) {
    const ring = ParameterGenerator.fromJSON(JSON.parse(decodeText(text)) as GeneratorSpec);
    entry = { ring, waiting: new Set(ring.targets.map((target) => target.name)) };
    loading.set(ringId, entry);
  }
  entry.waiting.delete(name);
  if (entry.waiting.size === 0) loading.delete(ringId);
  return entry.ring;
}

class RpgDense extends RpgLayer {
  /** @nocollapse */
  static readonly className = "LabRpgDense";
  constructor(options: RpgLayerOptions) {
    super("rpgDense", 2, options);
  }
  /** @nocollapse */
  static override fromConfig<T>(_: unknown, config: tf.serialization.ConfigDict): T {
    const { name, useBias, ...rest } = config as unknown as LayerConfig;
    return new RpgDense({ ring: ringOf({ name, useBias, ...rest }), name, useBias }) as T;
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
  /** @nocollapse */
  static override fromConfig<T>(_: unknown, config: tf.serialization.ConfigDict): T {
    const own = config as unknown as Required<LayerConfig>;
    const { name, useBias, strides, padding } = own;
    return new RpgConv2d({ ring: ringOf(own), name, useBias, strides, padding }) as T;
  }
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), strides: this.strides, padding: this.padding };
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

let isRegistered = false;

/**
 * Makes the layers of {@link rpgDense} and {@link rpgConv2d} known by name, so that `loadLayersModel` rebuilds models that
 * have them. Making such a layer does the same.
 *
 * @remarks A saved model holds the ring once, and its key; `saveArtifact` is for models that `compress` made, in fewer bits
 *   and with a key that can be withheld.
 */
export function registerRpgLayers(): void {
  if (isRegistered) return;
  tf.serialization.registerClass(RpgDense as never);
  tf.serialization.registerClass(RpgConv2d as never);
  isRegistered = true;
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
  registerRpgLayers();
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
  registerRpgLayers();
  return new RpgConv2d(options);
}
