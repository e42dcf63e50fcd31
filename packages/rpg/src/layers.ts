import { ArgumentError, checkChoice, checkInteger } from "@lab/core";
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
  /** Name of an activation of the engine, such as `relu`. @defaultValue none */
  activation?: RpgActivation;
  /** Shape of an input without the batch, for the first layer of a `sequential`. @defaultValue none */
  inputShape?: (number | null)[];
}

/** Names of the engine's activations. */
export type RpgActivation = Parameters<typeof layers.activation>[0]["activation"];

/** Options of {@link rpgDense}. */
export interface RpgDenseOptions extends RpgLayerOptions {
  /** Outputs, those of the target. @defaultValue those of the target */
  units?: number;
}

/** Options of {@link rpgConv2d}. */
export interface RpgConv2dOptions extends RpgLayerOptions {
  /** Outputs, those of the target. @defaultValue those of the target */
  filters?: number;
  /** Height and width of the kernel, those of the target. @defaultValue those of the target */
  kernelSize?: number | readonly [height: number, width: number];
  /** Step in both directions. @defaultValue 1 */
  strides?: number;
  /** Border. @defaultValue `"same"` */
  padding?: "same" | "valid";
  /** Distance of the kernel's elements in both directions. @defaultValue 1 */
  dilationRate?: number;
}

const COMMON = ["ring", "name", "useBias", "activation", "inputShape"];

/** Refuses options that would be ignored, and sizes that are not the target's. */
function checkLayerOptions(
  caller: string,
  options: object,
  own: readonly string[],
  sizes: Readonly<Record<string, readonly [given: unknown, target: unknown]>>,
): void {
  const known = [...COMMON, ...own];
  for (const [argument, value] of Object.entries(options)) {
    if (value === undefined || known.includes(argument)) continue;
    throw new ArgumentError(`${caller}: ${argument} is no option; one of ${known.join(", ")} was expected`, {
      argument,
      value,
    });
  }
  for (const [argument, [given, target]] of Object.entries(sizes)) {
    if (given === undefined || String(given) === String(target)) continue;
    throw new ArgumentError(`${caller}: ${argument} is ${given}; the target's ${target} was expected`, {
      argument,
      value: given,
    });
  }
}

type Weight = ReturnType<layers.Layer["addWeight"]>;
type Shape = (number | null)[];

/** A layer whose kernel is a target of a generator; the first layer built on a ring registers it. */
abstract class RpgLayer extends layers.Layer {
  protected bias: Weight | undefined;
  protected readonly shape: readonly number[];
  private readonly activate: layers.Layer | undefined;

  constructor(
    caller: string,
    rank: number,
    protected readonly options: RpgLayerOptions,
  ) {
    const { name, inputShape } = options;
    super({ name, ...(inputShape && { inputShape }) });
    const target = options.ring.targets.find(({ name }) => name === options.name);
    if (target?.shape.length !== rank) {
      throw new ArgumentError(
        `${caller}: name is ${JSON.stringify(options.name)}; a target of the ring of rank ${rank} was expected, one of ${options.ring.targets.map(({ name }) => name).join(", ")}`,
        { argument: "name", value: options.name },
      );
    }
    this.shape = target.shape;
    const { activation } = options;
    this.activate = activation === undefined ? undefined : layers.activation({ activation });
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
      const shifted = this.bias ? tf.add(y, this.bias.read()) : y;
      return this.activate ? (this.activate.call(shifted, {}) as tf.Tensor) : shifted;
    });
  }

  /** The layer's options, and of the ring its description and what tells it from others. */
  override getConfig(): tf.serialization.ConfigDict {
    const { ring, name, useBias = true, activation = null } = this.options;
    return {
      ...super.getConfig(),
      ...{ name, useBias, activation },
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
  activation?: RpgActivation | null;
  batchInputShape?: Shape;
  ringId: string;
  ring: string;
  strides?: number;
  padding?: "same" | "valid";
  dilationRate?: number;
}

/** What all layers keep beside their ring. */
const kept = (config: LayerConfig): RpgLayerOptions => ({
  ring: ringOf(config),
  name: config.name,
  useBias: config.useBias,
  ...(config.activation == null ? {} : { activation: config.activation }),
  ...(config.batchInputShape && { inputShape: config.batchInputShape.slice(1) }),
});

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
  constructor(options: RpgDenseOptions) {
    super("rpgDense", 2, options);
    checkLayerOptions("rpgDense", options, ["units"], { units: [options.units, this.shape[1]] });
  }
  /** @nocollapse */
  static override fromConfig<T>(_: unknown, config: tf.serialization.ConfigDict): T {
    return new RpgDense(kept(config as unknown as LayerConfig)) as T;
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
  private readonly dilationRate: number;
  constructor(options: RpgConv2dOptions) {
    super("rpgConv2d", 4, options);
    const own = ["filters", "kernelSize", "strides", "padding", "dilationRate"];
    const size =
      typeof options.kernelSize === "number" ? Array(2).fill(options.kernelSize) : options.kernelSize;
    checkLayerOptions("rpgConv2d", options, own, {
      filters: [options.filters, this.shape[3]],
      kernelSize: [size, this.shape.slice(0, 2)],
    });
    this.strides = checkInteger("rpgConv2d", "strides", options.strides ?? 1, { min: 1 });
    this.dilationRate = checkInteger("rpgConv2d", "dilationRate", options.dilationRate ?? 1, { min: 1 });
    this.padding = checkChoice("rpgConv2d", "padding", options.padding ?? "same", ["same", "valid"] as const);
  }
  /** @nocollapse */
  static override fromConfig<T>(_: unknown, config: tf.serialization.ConfigDict): T {
    const own = config as unknown as LayerConfig;
    const { strides = 1, padding = "same", dilationRate = 1 } = own;
    return new RpgConv2d({ ...kept(own), strides, padding, dilationRate }) as T;
  }
  override getConfig(): tf.serialization.ConfigDict {
    const { strides, padding, dilationRate } = this;
    return { ...super.getConfig(), strides, padding, dilationRate };
  }
  override computeOutputShape(input: Shape): Shape {
    const side = (size: number | null | undefined, kernel: number) =>
      size == null
        ? null
        : Math.ceil(
            (this.padding === "same" ? size : size - (kernel - 1) * this.dilationRate) / this.strides,
          );
    return [input[0]!, side(input[1], this.shape[0]!), side(input[2], this.shape[1]!), this.shape[3]!];
  }
  protected override product(x: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
    const { strides, padding, dilationRate } = this;
    return tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, strides, padding, "NHWC", dilationRate);
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
 * @param options - See {@link RpgDenseOptions}; the target has shape `[inputs, units]`.
 * @returns The layer, `[..., inputs]` to `[..., units]`.
 * @throws {@link ArgumentError} when the generator has no target of that name and rank, a size is not the target's, or an
 *   option is unknown.
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
export function rpgDense(options: RpgDenseOptions): layers.Layer {
  registerRpgLayers();
  return new RpgDense(options);
}

/**
 * A convolution whose kernel is a target of a generator, for models written by hand.
 *
 * @param options - See {@link RpgConv2dOptions}; the target has shape `[height, width, in, out]`.
 * @returns The layer, on `[batch, height, width, in]`.
 * @throws {@link ArgumentError} when the generator has no target of that name and rank, a size is not the target's, or an
 *   option is unknown.
 */
export function rpgConv2d(options: RpgConv2dOptions): layers.Layer {
  registerRpgLayers();
  return new RpgConv2d(options);
}
