import { ArgumentError, checkChoice, checkInteger, checkNumber, checkShape, DataError } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { LayerVariable } from "@tensorflow/tfjs-layers";
import { type CheckedSpec, checkSpec, fillIndex, PLACE_MASK } from "../ring-index/ring-index.js";
import { type Seed, seedOfKey } from "../ring-index/seed.js";
import type { GeneratorOptions, GeneratorSpec, Target } from "./options.js";
import { gatherHost, generateKernel, type Wiring } from "./ring-kernels.js";

/** Deviation of the ring in the authors' code: fan-out of a 3×3 convolution with 512 channels. */
const REFERENCE_STD = Math.sqrt(2 / (512 * 9));
/** Elements from which on indices are computed in each pass. */
const CACHE_LIMIT = 64 * 2 ** 20;

interface Placed extends Target {
  count: number;
  /** First position. */
  from: number;
  /** Factor of its elements. */
  scale: number;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/**
 * A ring of trainable numbers that generates any set of tensors by fixed random constraints.
 *
 * $K_t = c_l\, s_t\, w_{\rho(t)}$, where $\rho$ is a keyed permutation for each lap around the ring and $s_t = \pm 1$.
 *
 * @remarks Memory: the ring, and 4 bytes for each generated element where indices are cached. Time of a pass is linear
 *   in the generated elements and does not depend on the batch.
 * @see Wang, Chen, Yu, Cheung, LeCun (2021), Recurrent Parameter Generators, section 3.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { ParameterGenerator } from "@lab/rpg";
 *
 * await init();
 * const generator = new ParameterGenerator([{ name: "a", shape: [30, 40], std: 0.1 }], { parameters: 100 });
 * generator.generated; // => 1200
 * generator.laps; // => 12
 * const kernel = generator.generate("a");
 * kernel.shape; // => [30, 40]
 * ```
 */
export class ParameterGenerator {
  /** Numbers in the ring, $N$. */
  readonly size: number;
  /** Elements that are generated, $T$. */
  readonly generated: number;
  /** Laps around the ring that are begun. */
  readonly laps: number;
  /** The ring as the layers see it. */
  readonly weight: LayerVariable;
  private readonly spec: CheckedSpec;
  private readonly ringStd: number;
  private readonly isThin: boolean;
  private readonly gradient: "sum" | "projected";
  private readonly placed = new Map<string, Placed>();
  private readonly indices = new Map<string, Int32Array>();
  private readonly constants = new Map<string, tf.Tensor>();
  private cache: Map<string, tf.Tensor> | undefined;
  private precondition: tf.Tensor | undefined;
  private forward: ((ring: tf.Tensor) => tf.Tensor)[] = [];

  /**
   * @param targets - What is generated, in this order.
   * @param options - See {@link GeneratorOptions}.
   * @throws {@link ArgumentError} when there is no target, a name comes twice, or an option is out of range.
   */
  constructor(targets: readonly Target[], options: GeneratorOptions) {
    const caller = "ParameterGenerator";
    if (targets.length === 0) {
      throw new ArgumentError(`${caller}: targets is empty; at least one target was expected`, {
        argument: "targets",
        value: targets,
      });
    }
    const largest = Math.max(...targets.map(({ shape }) => sizeOf(shape)));
    this.size =
      options.parameters === "largestLayer"
        ? largest
        : checkInteger(caller, "parameters", options.parameters, { min: 1, max: PLACE_MASK });
    this.spec = checkSpec(caller, { ...options, seed: options.seed ?? 0, size: this.size });
    this.gradient = checkChoice(caller, "gradient", options.gradient ?? "sum", ["sum", "projected"] as const);
    const memory = checkChoice(caller, "memory", options.memory ?? "auto", [
      "auto",
      "cached",
      "thin",
    ] as const);
    for (const { name, std } of targets) checkNumber(caller, `std of ${name}`, std, { above: 0 });
    this.generated = targets.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    this.isThin = memory === "thin" || (memory === "auto" && this.generated > CACHE_LIMIT);
    this.ringStd = ringStdOf(caller, targets, this.generated, options.ringStd ?? "rms");
    this.laps = this.place(caller, targets, options);
    const generator = (options.generator ?? new Generator(0)).split("ring").split(this.spec.ringId);
    const values = Float32Array.from(generator.normal64(this.size), (value) => this.ringStd * value);
    const initial = tf.tensor1d(values);
    this.weight = new LayerVariable(initial, "float32", `ring.${this.spec.ringId}`, true);
    initial.dispose();
  }

  /** The trainable numbers, shape `[N]`. */
  get ring(): tf.Variable {
    return this.weight.read() as tf.Variable;
  }

  /** The targets, in their order. */
  get targets(): readonly Target[] {
    return [...this.placed.values()].map(({ name, shape, std }) => ({ name, shape, std }));
  }

  private place(caller: string, targets: readonly Target[], options: GeneratorOptions): number {
    const origin = checkChoice(caller, "origin", options.origin ?? "continue", [
      "continue",
      "layer",
      "group",
    ] as const);
    let at = 0;
    let group: string | undefined;
    for (const [i, { name, shape, std }] of targets.entries()) {
      if (this.placed.has(name)) {
        throw new ArgumentError(`${caller}: targets holds ${name} twice; distinct names were expected`, {
          argument: "targets",
          value: name,
        });
      }
      const own = options.stage?.exec(name)?.[1];
      const isFresh = origin === "layer" || (origin === "group" && own !== group);
      if (i > 0 && isFresh) at = Math.ceil(at / this.size) * this.size;
      group = own;
      const count = sizeOf(shape);
      this.placed.set(name, { name, shape: [...shape], std, count, from: at, scale: this.scaleOf(std) });
      at += count;
    }
    return Math.ceil(at / this.size);
  }

  private scaleOf(std: number): number {
    const scale = std / this.ringStd;
    return Math.abs(scale - 1) < 1e-12 ? 1 : Math.fround(scale);
  }

  private find(caller: string, name: string): Placed {
    const target = this.placed.get(name);
    if (target) return target;
    const known = [...this.placed.keys()].sort((a, b) => distance(a, name) - distance(b, name)).slice(0, 3);
    throw new ArgumentError(
      `${caller}: name is ${JSON.stringify(name)}; one of the ${this.placed.size} targets was expected, such as ${known.join(", ")}`,
      { argument: "name", value: name },
    );
  }

  /** The packed index of a target. */
  index(name: string): Int32Array {
    const target = this.find("ParameterGenerator.index", name);
    const kept = this.indices.get(name);
    if (kept) return kept;
    const packed = new Int32Array(target.count);
    fillIndex(this.spec, target.from, packed);
    if (!this.isThin) this.indices.set(name, packed);
    return packed;
  }

  private wiring(target: Placed): Wiring {
    return { packed: this.index(target.name), scale: target.scale, ringSize: this.size, shape: target.shape };
  }

  /**
   * A target's values; gradients pass to the ring.
   *
   * @param name - Name of the target.
   * @returns Tensor of the target's shape that belongs to the caller.
   * @throws {@link ArgumentError} for an unknown name.
   */
  generate(name: string): tf.Tensor {
    const target = this.find("ParameterGenerator.generate", name);
    const kept = this.constants.get(name) ?? this.cache?.get(name);
    if (kept) return tf.clone(kept);
    if (this.gradient === "projected") this.precondition ??= this.inverseUses();
    return tf.tidy(() => {
      const ring = this.forward.reduce((value: tf.Tensor, change) => change(value), this.ring);
      return generateKernel(ring, () => this.wiring(target), this.precondition);
    });
  }

  /** All targets by name; gradients pass to the ring. */
  generateAll(): Record<string, tf.Tensor> {
    return Object.fromEntries([...this.placed.keys()].map((name) => [name, this.generate(name)]));
  }

  /** How often each element of the ring is used, shape `[N]`. */
  usage(): Int32Array {
    const uses = new Int32Array(this.size);
    for (const name of this.placed.keys()) {
      for (const word of this.index(name)) uses[word & PLACE_MASK]!++;
    }
    return uses;
  }

  /** $D_j$, the sum of squared factors over the uses of each element, in double precision. */
  squaredScalesHost(): Float64Array {
    const sums = new Float64Array(this.size);
    for (const { name, scale } of this.placed.values()) {
      for (const word of this.index(name)) sums[word & PLACE_MASK]! += scale * scale;
    }
    return sums;
  }

  private inverseUses(): tf.Tensor {
    const inverse = Float32Array.from(this.squaredScalesHost(), (sum) => (sum > 0 ? 1 / sum : 0));
    return tf.keep(tf.tensor1d(inverse));
  }

  /**
   * Moves the ring to the values whose kernels are nearest to given ones: $w = D^{-1} R^\top k$.
   *
   * @param kernels - A tensor for every target, by name.
   * @returns The share of the kernels' squared norm that the ring explains, about $N/T$ for unrelated kernels.
   * @throws {@link ArgumentError} when a target is missing; {@link ShapeError} for another shape.
   */
  async project(kernels: Record<string, tf.Tensor>): Promise<{ explained: number }> {
    const values: Record<string, Float32Array> = {};
    for (const { name, shape } of this.placed.values()) {
      const kernel = kernels[name];
      if (!kernel) {
        throw new ArgumentError(
          `ParameterGenerator.project: kernels lacks ${name}; every target was expected`,
          {
            argument: "kernels",
            value: Object.keys(kernels),
          },
        );
      }
      checkShape("ParameterGenerator.project", name, kernel, [...shape]);
    }
    for (const name of this.placed.keys()) values[name] = (await kernels[name]!.data()) as Float32Array;
    const { ring, explained } = this.projectHost(values);
    this.setRing(ring);
    return { explained };
  }

  /** The nearest ring to kernels on the host, and the share of their squared norm that it explains. */
  projectHost(kernels: Readonly<Record<string, Float32Array>>): { ring: Float32Array; explained: number } {
    const sums = new Float64Array(this.size);
    let total = 0;
    for (const { name, scale } of this.placed.values()) {
      const values = kernels[name]!;
      this.index(name).forEach((word, i) => {
        const value = values[i]!;
        total += value * value;
        sums[word & PLACE_MASK]! += scale * (word < 0 ? -value : value);
      });
    }
    let explained = 0;
    const ring = new Float32Array(this.size);
    this.squaredScalesHost().forEach((uses, j) => {
      if (uses === 0) return;
      ring[j] = sums[j]! / uses;
      explained += sums[j]! ** 2 / uses;
    });
    return { ring, explained: total > 0 ? explained / total : 0 };
  }

  /**
   * Replaces the ring's values.
   *
   * @param values - As many as the ring has.
   * @throws {@link ArgumentError} for another number of values.
   */
  setRing(values: Float32Array): void {
    if (values.length !== this.size) {
      throw new ArgumentError(
        `ParameterGenerator.setRing: values has ${values.length} numbers; ${this.size} were expected`,
        { argument: "values", value: values.length },
      );
    }
    tf.tidy(() => this.ring.assign(tf.tensor1d(values)));
  }

  /** All targets as arrays on the host, in row-major order. */
  async materialise(): Promise<Record<string, Float32Array>> {
    const now = tf.tidy(() => this.forward.reduce((value: tf.Tensor, f) => f(value), tf.clone(this.ring)));
    const ring = (await now.data()) as Float32Array;
    now.dispose();
    const kernels: Record<string, Float32Array> = {};
    for (const target of this.placed.values()) {
      const out = new Float32Array(target.count);
      const constant = this.constants.get(target.name);
      if (constant) out.set((await constant.data()) as Float32Array);
      else gatherHost(ring, this.wiring(target), out);
      kernels[target.name] = out;
    }
    return kernels;
  }

  /** Makes a target a constant copy of its present values, so that training no longer moves it. */
  detach(name: string): void {
    this.find("ParameterGenerator.detach", name);
    if (!this.constants.has(name)) this.constants.set(name, tf.keep(this.generate(name)));
  }

  /** Names of the targets that {@link ParameterGenerator.detach} has made constant. */
  get detached(): readonly string[] {
    return [...this.constants.keys()];
  }

  /** Keeps all targets as they are now, for serving; the ring gets no gradient meanwhile. */
  freeze(): void {
    this.cache ??= new Map(Object.entries(this.generateAll()).map(([name, value]) => [name, tf.keep(value)]));
  }

  /** Undoes {@link ParameterGenerator.freeze}. */
  thaw(): void {
    tf.dispose([...(this.cache?.values() ?? [])]);
    this.cache = undefined;
  }

  /** Adds a change of the ring to every pass, such as quantisation; answers how to remove it. */
  addForward(change: (ring: tf.Tensor) => tf.Tensor): () => void {
    this.forward.push(change);
    return () => {
      this.forward = this.forward.filter((other) => other !== change);
    };
  }

  /** What identifies the generator without its numbers; plain JSON. */
  toJSON(): GeneratorSpec {
    const { size, ringId, key, share, block } = this.spec;
    return {
      version: "rpg-1",
      size,
      ringId,
      seed: seedOfKey(key).toString(16).padStart(16, "0"),
      share,
      block,
      ringStd: this.ringStd,
      gradient: this.gradient,
      targets: [...this.placed.values()].map(({ name, shape, std, from }) => [name, [...shape], std, from]),
    };
  }

  /**
   * The generator that {@link ParameterGenerator.toJSON} described.
   *
   * @param spec - The description.
   * @param ring - Values of the ring.
   * @param seed - The key, where the description withholds it.
   * @throws {@link DataError} when the key is missing or the version is another one.
   */
  static fromJSON(spec: GeneratorSpec, ring?: Float32Array, seed?: Seed): ParameterGenerator {
    if (spec.version !== "rpg-1") {
      throw new DataError(
        `ParameterGenerator.fromJSON: version is ${JSON.stringify(spec.version)}; "rpg-1" was expected`,
        { path: "spec" },
      );
    }
    if (spec.seed === null && seed === undefined) {
      throw new DataError(
        "ParameterGenerator.fromJSON: seed is withheld; the key was expected as an argument",
        {
          path: "spec",
        },
      );
    }
    const targets = spec.targets.map(([name, shape, std]) => ({ name, shape, std }));
    const { size, ringId, share, block, ringStd, gradient } = spec;
    const own = seed ?? BigInt(`0x${spec.seed}`);
    const generator = new ParameterGenerator(targets, {
      parameters: size,
      seed: own,
      ringId,
      share,
      block,
      ringStd,
      gradient,
    });
    for (const [name, , , from] of spec.targets) generator.placed.get(name)!.from = from;
    if (ring) generator.setRing(ring);
    return generator;
  }

  /** Frees the ring and all that was kept. */
  dispose(): void {
    this.thaw();
    tf.dispose([...this.constants.values()]);
    this.constants.clear();
    this.precondition?.dispose();
    this.precondition = undefined;
    this.indices.clear();
    const { val } = this.weight as unknown as { val: tf.Variable };
    if (!val.isDisposed) this.weight.dispose();
  }
}

function ringStdOf(
  caller: string,
  targets: readonly Target[],
  total: number,
  given: "rms" | "reference" | number,
): number {
  if (given === "reference") return REFERENCE_STD;
  if (given !== "rms") return checkNumber(caller, "ringStd", given, { above: 0 });
  const sum = targets.reduce((s, { shape, std }) => s + sizeOf(shape) * std * std, 0);
  return Math.sqrt(sum / total);
}

/** Number of single-character edits between two names. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
