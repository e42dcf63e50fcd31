import { ArgumentError, BackendError, checkChoice } from "@lab/core";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel, LayerVariable, layers } from "@tensorflow/tfjs-layers";
import { type GeneratorOptions, ParameterGenerator, type Target } from "../generator/index.js";
import type { Seed, Share } from "../ring-index/index.js";
import { attach, checkConstraints, type Kernel, kernelsOf } from "./attach.js";
import { emptyCopy } from "./clone.js";
import type { Compressed } from "./compressed.js";
import { reportOf } from "./report.js";

/** A ring of its own for some kernels. */
export interface RingGroup {
  /** Matched against kernel names, such as `conv1/kernel`. */
  match: RegExp;
  /** Numbers in the ring. */
  parameters: number;
  /** Its key. @defaultValue that of the main ring */
  seed?: Seed;
  /** How its kernels take numbers. @defaultValue that of the main ring */
  share?: Share;
}

/** Options of {@link compress}. */
export interface CompressOptions extends GeneratorOptions {
  /** Kernels that are trained as they are, by name or rule. @defaultValue `"none"` */
  free?:
    | "none"
    | "stemAndHead"
    | readonly (string | RegExp)[]
    | ((layer: layers.Layer, weight: string) => boolean);
  /** Rings for groups of kernels; the rest uses the main ring. @defaultValue none */
  groups?: readonly RingGroup[];
  /**
   * Standard deviation of each kernel: that of the model's own values, He's by fan-in or fan-out, or a rule.
   * @defaultValue `"match"`
   */
  std?: "match" | "fanIn" | "fanOut" | ((target: Target) => number);
  /** Whether the ring starts at random or nearest to the model's kernels. @defaultValue `"random"` */
  init?: "random" | "project";
  /** Whether the given model itself is changed, which must not be compiled yet. @defaultValue false */
  inPlace?: boolean;
  /** Draws the ring's initial values. @defaultValue `new Generator(0)` */
  generator?: Generator;
  /** Receives what a user should know; the result's `warnings` hold the same. @defaultValue nobody */
  onWarning?: (message: string) => void;
}

/**
 * Replaces the kernels of a model by tensors generated from a ring of trainable numbers.
 *
 * $K_t = c_l\, s_t\, w_{\rho(t)}$ for every kernel element $t$; the permutation $\rho$ and the signs $s$ follow from the seed.
 *
 * @param model - Any model of layers; it stays as it is unless `inPlace`.
 * @param options - See {@link CompressOptions}.
 * @returns See {@link Compressed}; the caller disposes it. Train it like any model.
 * @throws {@link ArgumentError} when an option is out of range, the model has no kernel to generate, a kernel has a constraint,
 *   or a compiled model is to be changed in place.
 * @remarks Inference costs what it did: the network is as large as before when it runs. With `std: "match"` and
 *   `init: "project"` the kernels are read, which blocks until the device has them.
 * @see Wang, Chen, Yu, Cheung, LeCun (2021), Recurrent Parameter Generators, sections 3 and 4.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { mlp } from "@lab/core/nn";
 * import { compress } from "@lab/rpg";
 *
 * await init();
 * const net = compress(mlp({ sizes: [784, 300, 300, 300, 10], bias: false }), { parameters: 4000, seed: "release-7" });
 * net.report.generated; // => 418200
 * net.model.countParams(); // => 4000
 * ```
 */
export function compress(model: LayersModel, options: CompressOptions): Compressed {
  checkArguments(model, options);
  const inPlace = options.inPlace ?? false;
  const isCompiled = (model as unknown as { optimizer_?: unknown }).optimizer_ !== undefined;
  if (inPlace && isCompiled) {
    throw new ArgumentError(
      "compress: model is compiled; an uncompiled one was expected with inPlace; call compress before compile, or leave inPlace out",
      { argument: "model", value: model.name },
    );
  }
  checkChoice("compress", "init", options.init ?? "random", ["random", "project"] as const);
  const original = kernelsOf(model);
  const free = options.free ?? "none";
  checkFree(free, original);
  const chosen = original.filter((kernel) => !isFree(kernel, original, free));
  if (chosen.length === 0) {
    throw new ArgumentError(
      `compress: model has ${original.length} kernels and none is to be generated; at least one was expected`,
      { argument: "model", value: model.name },
    );
  }
  checkConstraints(chosen);
  const names = chosen.map(({ name }) => name);
  const values = options.init === "project" ? readKernels(chosen) : undefined;
  const targets = chosen.map((kernel) => targetOf(kernel, options.std ?? "match"));
  const generators = makeGenerators(targets, options);
  const target = inPlace ? model : emptyCopy(model);
  if (!inPlace) target.setWeights(model.getWeights());
  const compressed = assemble(target, names, generators, values, frozenWarnings(chosen));
  for (const warning of compressed.warnings) options.onWarning?.(warning);
  return compressed;
}

/** Refuses what is no model or no options before their fields are read. */
function checkArguments(model: unknown, options: unknown): void {
  const isModel = Array.isArray((model as LayersModel | undefined)?.layers);
  if (isModel && typeof options === "object" && options !== null) return;
  const [argument, value, expected] = isModel
    ? ["options", options, "an object with at least parameters"]
    : ["model", model, "a LayersModel"];
  throw new ArgumentError(`compress: ${argument} is ${typeof value}; ${expected} was expected`, {
    argument: argument as string,
    value,
  });
}

/** Layers that are marked as frozen, which a shared ring cannot be. */
function frozenWarnings(kernels: readonly Kernel[]): string[] {
  return kernels
    .filter(({ layer, holder }) => !layer.trainable || !holder.trainable)
    .map(
      ({ name }) =>
        `${name} belongs to a layer that is not trainable, but the ring it comes from is shared: generator.detach(${JSON.stringify(name)}) freezes it`,
    );
}

/** Wires generators into a model; `values` are kernels to start near to. */
export function assemble(
  model: LayersModel,
  names: readonly string[],
  generators: readonly ParameterGenerator[],
  values?: Record<string, Float32Array>,
  warnings: readonly string[] = [],
): Compressed {
  const wanted = new Set(names);
  const kernels = kernelsOf(model).filter(({ name }) => wanted.has(name));
  let explained = 0;
  for (const generator of generators) {
    const own = new Set(generator.targets.map(({ name }) => name));
    attach(
      kernels.filter(({ name }) => own.has(name)),
      generator,
    );
    if (!values) continue;
    const nearest = generator.projectHost(values);
    generator.setRing(nearest.ring);
    explained += nearest.explained * energy(values, own);
  }
  const total = values ? energy(values, wanted) : 0;
  const report = reportOf(model, generators, values && total > 0 ? explained / total : undefined);
  model.save = async () => {
    throw new ArgumentError(
      "LayersModel.save: model has generated kernels; use saveArtifact, or exportModel for a plain model",
      { argument: "model", value: model.name },
    );
  };
  return {
    model,
    generators,
    generator: generators[0]!,
    report,
    warnings: [...warnings, ...warningsOf(report.ring, report.generated, report.dense - report.generated)],
    dispose() {
      const variables = model.weights.map((weight) => weight.read());
      model.dispose();
      // The engine counts a layer that is used twice as two and frees it never (tfjs 8471).
      for (const variable of variables) if (!variable.isDisposed) variable.dispose();
      for (const generator of generators) generator.dispose();
    },
  };
}

function energy(values: Record<string, Float32Array>, names: ReadonlySet<string>): number {
  let sum = 0;
  for (const name of names) for (const value of values[name]!) sum += value * value;
  return sum;
}

function warningsOf(ring: number, generated: number, free: number): string[] {
  const warnings: string[] = [];
  if (ring >= generated)
    warnings.push(`the ring has ${ring} numbers for ${generated} elements: nothing is shared`);
  if (free > ring) {
    const share = ((100 * ring) / (ring + free)).toPrecision(2);
    warnings.push(`the ring is ${share} % of the degrees of freedom`);
  }
  return warnings;
}

function isFree(kernel: Kernel, all: readonly Kernel[], free: NonNullable<CompressOptions["free"]>): boolean {
  if (free === "none") return false;
  if (free === "stemAndHead") return kernel.layer === all[0]!.layer || kernel.layer === all.at(-1)!.layer;
  if (typeof free === "function") return free(kernel.layer, kernel.field);
  return free.some((rule) => fits(rule, kernel));
}

const fits = (rule: string | RegExp, kernel: Kernel) =>
  typeof rule === "string" ? rule === kernel.name || rule === kernel.layer.name : rule.test(kernel.name);

/** Refuses rules that name nothing: a kernel that was to stay free would be generated. */
function checkFree(free: NonNullable<CompressOptions["free"]>, kernels: readonly Kernel[]): void {
  if (typeof free === "string") checkChoice("compress", "free", free, ["none", "stemAndHead"] as const);
  if (!Array.isArray(free)) return;
  for (const [i, rule] of (free as readonly (string | RegExp)[]).entries()) {
    if (kernels.some((kernel) => fits(rule, kernel))) continue;
    throw new ArgumentError(
      `compress: free[${i}] is ${typeof rule === "string" ? JSON.stringify(rule) : rule}, which fits no kernel; one of ${kernels.map(({ name }) => name).join(", ")} was expected`,
      { argument: `free[${i}]`, value: String(rule) },
    );
  }
}

function makeGenerators(targets: readonly Target[], options: CompressOptions): ParameterGenerator[] {
  const groups = options.groups ?? [];
  const groupOf = (target: Target) => groups.findIndex(({ match }) => match.test(target.name));
  const first = options.ringId ?? 0;
  const rest = targets.filter((target) => groupOf(target) < 0);
  const made: ParameterGenerator[] = [];
  if (rest.length > 0) made.push(new ParameterGenerator(rest, options));
  for (const [i, { parameters, seed, share }] of groups.entries()) {
    const own = targets.filter((target) => groupOf(target) === i);
    if (own.length === 0) {
      throw new ArgumentError(
        `compress: groups[${i}] matches ${String(groups[i]!.match)}, which fits no kernel; one of ${targets.map(({ name }) => name).join(", ")} was expected`,
        { argument: "groups", value: String(groups[i]!.match) },
      );
    }
    made.push(
      new ParameterGenerator(own, {
        ...options,
        parameters,
        ringId: first + i + 1,
        ...(seed === undefined ? {} : { seed }),
        ...(share === undefined ? {} : { share }),
      }),
    );
  }
  return made;
}

function targetOf({ name, variable }: Kernel, rule: NonNullable<CompressOptions["std"]>): Target {
  const shape = variable.shape as number[];
  const target = { name, shape, std: 1 };
  if (typeof rule === "function") return { ...target, std: rule(target) };
  checkChoice("compress", "std", rule, ["match", "fanIn", "fanOut"] as const);
  if (rule === "match") {
    const matched = rms(name, variable);
    if (matched > 0) return { ...target, std: matched };
  }
  const receptive = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const fan = receptive * (rule === "fanOut" ? shape.at(-1)! : shape.at(-2)!);
  return { ...target, std: Math.sqrt(2 / fan) };
}

function rms(name: string, variable: LayerVariable): number {
  const mean = tf.tidy(() => readNow(name, tf.mean(tf.square(variable.read())))[0]!);
  return Math.sqrt(mean);
}

function readKernels(kernels: readonly Kernel[]): Record<string, Float32Array> {
  return Object.fromEntries(
    kernels.map(({ name, variable }) => [name, readNow(name, variable.read()).slice()]),
  );
}

/** The values of a tensor at once; where a device cannot, the error says what to do. */
function readNow(name: string, value: tf.Tensor): Float32Array {
  try {
    return tf.backend().readSync(value.dataId) as Float32Array;
  } catch (cause) {
    throw new BackendError(
      `compress: ${name} cannot be read at once on ${tf.getBackend()}; a rule for std such as "fanIn", and init "random", need no values`,
      { backend: tf.getBackend() },
      { cause },
    );
  }
}
