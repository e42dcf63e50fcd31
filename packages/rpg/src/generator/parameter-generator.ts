import { ArgumentError, checkChoice, checkInteger, checkNumber, DataError } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { LayerVariable } from "@tensorflow/tfjs-layers";
import { type CheckedSpec, checkSpec, PLACE_MASK, type Share } from "../ring-index/ring-index.js";
import { type Seed, seedOfKey } from "../ring-index/seed.js";
import { checkDescription } from "./description.js";
import { MovedScales } from "./moved-scales.js";
import type { GeneratorOptions, GeneratorSpec, Target } from "./options.js";
import { nearestNames, type Placed, placeTargets, ringStdOf, sizeOf } from "./placement.js";
import { nearestRing, readKernels, squaredScales } from "./projection.js";
import { gatherHost, generateKernel } from "./ring-kernels.js";
import { TargetIndices } from "./target-indices.js";
import { weightedNorm } from "./weighted-norm.js";

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
  /** The ring as the layers see it. */
  readonly weight: LayerVariable;
  private readonly spec: CheckedSpec;
  private readonly ringStd: number;
  private readonly gradient: "sum" | "projected";
  private readonly placed: Map<string, Placed>;
  private readonly indices: TargetIndices;
  private readonly moved = new MovedScales(() => this.movedScales());
  private readonly constants = new Map<string, tf.Tensor>();
  private cache: Map<string, tf.Tensor> | undefined;
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
    this.ringStd = ringStdOf(caller, targets, options.ringStd ?? "rms");
    this.placed = placeTargets(caller, targets, this.size, this.ringStd, options);
    this.indices = new TargetIndices(this.spec, this.placed, memory);
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

  /** Laps around the ring that are begun. */
  get laps(): number {
    const last = [...this.placed.values()].at(-1)!;
    return Math.ceil((last.from + last.count) / this.size);
  }

  /** The targets, in their order. */
  get targets(): readonly Target[] {
    return [...this.placed.values()].map(({ name, shape, std }) => ({ name, shape, std }));
  }

  private find(caller: string, name: string): Placed {
    const target = this.placed.get(name);
    if (target) return target;
    throw new ArgumentError(
      `${caller}: name is ${JSON.stringify(name)}; one of the ${this.placed.size} targets was expected, such as ${nearestNames(this.placed.keys(), name).join(", ")}`,
      { argument: "name", value: name },
    );
  }

  /** The packed index of a target. */
  index(name: string): Int32Array {
    return this.indices.of(this.find("ParameterGenerator.index", name));
  }

  /** The packed index of all targets, one after the other, where it does not follow from the seed. */
  explicitIndex(): Int32Array | undefined {
    return this.indices.explicit();
  }

  /**
   * Replaces the index that follows from the seed by a given one, such as an imported one.
   *
   * @param packed - For all targets, one after the other: place on the ring in bits 0–30, bit 31 set for minus.
   * @throws {@link ShapeError} for another number of words; {@link ArgumentError} for a place outside the ring.
   */
  useIndex(packed: Int32Array): void {
    this.indices.use(packed);
    this.moved.forget();
    this.thaw();
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
    const precondition = this.projection();
    return tf.tidy(() => {
      return generateKernel(this.changedRing(), () => this.indices.wiring(target), precondition);
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

  /** $D$ of the targets that the ring still moves. */
  private movedScales(): Float64Array {
    const moved = [...this.placed.values()].filter(({ name }) => !this.constants.has(name));
    return squaredScales(
      moved.map(({ name, scale }) => ({ packed: this.index(name), scale })),
      this.size,
    );
  }

  /** $D^{-1}$, where the gradient is projected. */
  private projection(): tf.Tensor | undefined {
    return this.gradient === "sum" ? undefined : this.moved.inverted;
  }

  /**
   * Squared norm of all targets that the ring moves, $w^\top D w$; gradients pass to the ring.
   *
   * @returns A scalar that belongs to the caller.
   * @remarks Linear in the ring; see `weightDecayMatched`.
   */
  squaredNorm(): tf.Scalar {
    const { scales } = this.moved;
    const precondition = this.projection();
    return tf.tidy(() => weightedNorm(this.changedRing(), scales, precondition));
  }

  /** The ring as every pass sees it. */
  private changedRing(): tf.Tensor {
    return this.forward.reduce((value: tf.Tensor, change) => change(value), this.ring);
  }

  /**
   * Moves the ring to the values whose kernels are nearest to given ones: $w = D^{-1} R^\top k$.
   *
   * @param kernels - A tensor for every target, by name.
   * @returns The share of the kernels' squared norm that the ring explains, about $N/T$ for unrelated kernels.
   * @throws {@link ArgumentError} when a target is missing; {@link ShapeError} for another shape.
   */
  async project(kernels: Record<string, tf.Tensor>): Promise<{ explained: number }> {
    const values = await readKernels("ParameterGenerator.project", this.targets, kernels);
    const { ring, explained } = this.projectHost(values);
    this.setRing(ring);
    return { explained };
  }

  /** The nearest ring to kernels on the host, and the share of their squared norm that it explains. */
  projectHost(kernels: Readonly<Record<string, Float32Array>>): { ring: Float32Array; explained: number } {
    const parts = [...this.placed.values()].map(({ name, scale }) => ({
      packed: this.index(name),
      scale,
      values: kernels[name]!,
    }));
    return nearestRing(parts, this.size);
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
    const now = tf.tidy(() => tf.clone(this.changedRing()));
    const ring = (await now.data()) as Float32Array;
    now.dispose();
    const kernels: Record<string, Float32Array> = {};
    for (const target of this.placed.values()) {
      const out = new Float32Array(target.count);
      const constant = this.constants.get(target.name);
      if (constant) out.set((await constant.data()) as Float32Array);
      else gatherHost(ring, this.indices.wiring(target), out);
      kernels[target.name] = out;
    }
    return kernels;
  }

  /** Makes a target a constant copy of its present values, so that training no longer moves it. */
  detach(name: string): void {
    this.find("ParameterGenerator.detach", name);
    if (this.constants.has(name)) return;
    this.constants.set(name, tf.keep(this.generate(name)));
    this.moved.forget();
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
      share: this.indices.isExplicit ? "explicit" : share,
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
   * @param index - Packed index of all targets, where the description says `explicit`.
   * @throws {@link DataError} when the key or the index is missing or the version is another one.
   */
  static fromJSON(
    spec: GeneratorSpec,
    ring?: Float32Array,
    seed?: Seed,
    index?: Int32Array,
  ): ParameterGenerator {
    checkDescription(spec, seed, index);
    const isExplicit = spec.share === "explicit";
    const targets = spec.targets.map(([name, shape, std]) => ({ name, shape, std }));
    const { size, ringId, share, block, ringStd, gradient } = spec;
    const own = seed ?? BigInt(`0x${spec.seed}`);
    const generator = new ParameterGenerator(targets, {
      parameters: size,
      seed: own,
      ringId,
      share: isExplicit ? "plain" : (share as Share),
      block,
      ringStd,
      gradient,
    });
    if (isExplicit) generator.useIndex(index!);
    for (const [name, , , from] of spec.targets) generator.placed.get(name)!.from = from;
    if (ring) generator.setRing(ring);
    return generator;
  }

  /** Frees the ring and all that was kept. */
  dispose(): void {
    this.thaw();
    tf.dispose([...this.constants.values()]);
    this.constants.clear();
    this.moved.forget();
    this.indices.dispose();
    const { val } = this.weight as unknown as { val: tf.Variable };
    if (!val.isDisposed) this.weight.dispose();
  }
}
