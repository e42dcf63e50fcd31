import { ArgumentError, checkInteger, checkNumber, formatShape, ShapeError } from "@lab/core";
import type { Augmentation } from "@lab/core/image";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { Distribution } from "../distribution/distribution.js";
import { quantile } from "../distribution/law.js";
import type { HostMoments } from "../moments/host-moments.js";
import { LATTICE_SHIFTS, latticePoints } from "../rules/lattice.js";
import { MAX_NODES, type Rule, type RuleOptions } from "../rules/rule.js";

/** `[height, width, channels]` of an image. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** A set of nodes that is only made when it is wanted. */
export interface NodeSet {
  /** Number of nodes. */
  count: number;
  /** Parameters, `[count, P]` row by row, and weights that sum to 1. */
  make(): { theta: Float64Array; weights: Float64Array };
}

/** What a transform is made of; {@link RandomTransform} adds what all have in common. */
export interface TransformDefinition {
  /** Name for messages. */
  name: string;
  /** Law of each parameter. */
  parameters: Readonly<Record<string, Distribution>>;
  /** Whether every transformed image is linear in the image. */
  linear: boolean;
  /** Number P of parameters for images of a shape; the number of laws by default. */
  numParameters?(shape: ImageShape): number;
  /** Whether P depends on the shape, so that `sample` must be told. */
  needsShape?: boolean;
  /** Shape of the result; that of the image by default. */
  outputShape?(shape: ImageShape): ImageShape;
  /** The transform on the device. */
  apply(images: tf.Tensor4D, theta: tf.Tensor2D): tf.Tensor4D;
  /** The same for one image in float64; writes to `out`. */
  applyHost?(image: Float64Array, shape: ImageShape, theta: Float64Array, out: Float64Array): void;
  /** Numbers in [0, 1) that make one set of parameters; P by default. */
  numUnits?(shape: ImageShape): number;
  /** Parameters from numbers that are uniform in the unit cube; each law's quantile by default. */
  fromUnit?(unit: Float64Array, shape: ImageShape, theta: Float64Array): void;
  /** Nodes without error; `order` 4 also for fourth moments. */
  exact?(shape: ImageShape, order: 2 | 4): NodeSet | undefined;
  /** Nodes with an error, about `budget` of them; undefined where only a lattice serves. */
  quadrature?(shape: ImageShape, budget: number): NodeSet | undefined;
  /** A closed form of mean and covariance, where one serves better than nodes. */
  moments?(
    image: Float64Array,
    shape: ImageShape,
    options: RuleOptions,
  ): Promise<HostMoments | undefined> | undefined;
  /** A closed form of the mean alone. */
  meanHost?(image: Float64Array, shape: ImageShape, options: RuleOptions): Promise<Float64Array>;
  /** Lines `outside = position * a + b` of a warp: six numbers, row y then x, by output row, column and 1. */
  warp?(theta: Float64Array, shape: ImageShape): Float64Array;
  /** What a warp finds outside. */
  boundary?: Boundary;
  /** Bound on the relative error of the mean under `nodes` equal steps, where one is known. */
  bound?(image: Float64Array, shape: ImageShape, nodes: number): number | undefined;
}

/** What lies outside the image; `reflect` is half-sample symmetric. */
export type Boundary = "zero" | "edge" | "reflect" | "wrap";

/** An augmentation whose parameters can be drawn and integrated over: both follow one law and one convention. */
export interface RandomTransform {
  /** Name for messages. */
  readonly name: string;
  /** Law of each parameter. */
  readonly parameters: Readonly<Record<string, Distribution>>;
  /** Whether every transformed image is linear in the image. */
  readonly linear: boolean;
  /** What it is made of. */
  readonly definition: TransformDefinition & Required<Pick<TransformDefinition, "fromUnit">>;
  /**
   * The images under given parameters, one row of `theta` for each.
   *
   * Differentiable in the images and, for warps, in `theta`.
   *
   * @param images - Shape `[N, height, width, channels]`.
   * @param theta - Shape `[N, P]`.
   */
  apply(images: tf.Tensor4D, theta: tf.Tensor2D): tf.Tensor4D;
  /**
   * Parameters drawn from the law of the moments, `[count, P]`.
   *
   * @param count - Number of rows.
   * @param generator - Source of randomness.
   * @param shape - `[height, width, channels]`; needed where P depends on it (noise, patch masks).
   */
  sample(count: number, generator: Generator, shape?: ImageShape): tf.Tensor2D;
  /**
   * Nodes and weights of the expectation for images of a shape.
   *
   * @param shape - `[height, width, channels]`.
   * @param options - See {@link RuleOptions}.
   */
  rule(shape: ImageShape, options?: RuleOptions): Rule;
  /** Shape of the result for images of a shape. */
  outputShape(shape: ImageShape): ImageShape;
  /** Number P of parameters for images of a shape. */
  numParameters(shape: ImageShape): number;
  /** The transform for the pipelines and training loops of `@lab/core`. */
  toAugmentation(): Augmentation;
}

/** Nodes of a quadrature when the caller does not say. */
const DEFAULT_NODES = 64;
const DEFAULT_LATTICE = 4096;

/** A transform from its definition. */
export function createTransform(parts: TransformDefinition): RandomTransform {
  const { name, parameters, linear } = parts;
  const laws = Object.values(parameters);
  const numParameters = (shape: ImageShape) => parts.numParameters?.(shape) ?? laws.length;
  const outputShape = (shape: ImageShape) => parts.outputShape?.(shape) ?? shape;
  const numUnits = (shape: ImageShape) => parts.numUnits?.(shape) ?? numParameters(shape);
  const fromUnit =
    parts.fromUnit?.bind(parts) ??
    ((unit: Float64Array, _: ImageShape, theta: Float64Array) => {
      for (const [k, law] of laws.entries()) theta[k] = quantile(law, unit[k]!);
    });
  const definition = { ...parts, fromUnit };
  const parametersFromUnits = (units: Float64Array, count: number, shape: ImageShape) => {
    const [from, to] = [numUnits(shape), numParameters(shape)];
    const theta = new Float64Array(count * to);
    for (let q = 0; q < count; q++) {
      fromUnit(units.subarray(q * from, (q + 1) * from), shape, theta.subarray(q * to, (q + 1) * to));
    }
    return theta;
  };

  const sample = (count: number, generator: Generator, shape?: ImageShape): tf.Tensor2D => {
    checkInteger(`${name}.sample`, "count", count, { min: 1 });
    if (definition.needsShape && shape === undefined) {
      throw new ArgumentError(
        `${name}.sample: shape is undefined; [height, width, channels] was expected, as the number of parameters depends on it`,
        { argument: "shape", value: shape },
      );
    }
    const images = shape ?? ([1, 1, 1] as const);
    const units = generator.float64(count * numUnits(images));
    const theta = parametersFromUnits(units, count, images);
    return tf.tensor2d(Float32Array.from(theta), [count, numParameters(images)]);
  };

  const ruleOf = (
    method: Rule["method"],
    shape: ImageShape,
    set: NodeSet,
    coarse: () => Rule | undefined,
  ): Rule => {
    const { theta, weights } = set.make();
    return {
      method,
      count: weights.length,
      numParameters: numParameters(shape),
      theta,
      weights,
      groups: 1,
      coarse,
    };
  };
  const lattice = (shape: ImageShape, options: RuleOptions): Rule => {
    const wanted = options.nodes ?? Math.min(options.maxNodes ?? MAX_NODES, DEFAULT_LATTICE);
    const count = Math.max(2, Math.floor(wanted / LATTICE_SHIFTS));
    const total = LATTICE_SHIFTS * count;
    const generator = (options.generator ?? new Generator(0)).split(name);
    return {
      method: "lattice",
      count: total,
      numParameters: numParameters(shape),
      theta: parametersFromUnits(latticePoints(count, numUnits(shape), generator), total, shape),
      weights: new Float64Array(total).fill(1 / total),
      groups: LATTICE_SHIFTS,
      coarse: () => undefined,
    };
  };
  const quadrature = (shape: ImageShape, budget: number): Rule | undefined => {
    const set = definition.quadrature?.(shape, budget);
    return (
      set &&
      ruleOf("quadrature", shape, set, () => {
        // Half the nodes along each parameter: the next smaller set, found by lowering the budget.
        for (let smaller = Math.floor(budget / 2); smaller >= 1; smaller = Math.floor(smaller / 2)) {
          const next = definition.quadrature?.(shape, smaller);
          if (next && next.count < set.count) return ruleOf("quadrature", shape, next, () => undefined);
        }
        return undefined;
      })
    );
  };

  const rule = (shape: ImageShape, options: RuleOptions = {}): Rule => {
    checkImageShape(`${name}.rule`, shape);
    checkRuleOptions(`${name}.rule`, options);
    const { method = "auto", maxNodes = MAX_NODES } = options;
    if (method === "exact" || method === "auto") {
      const set = definition.exact?.(shape, (options as InternalRuleOptions).order ?? 2);
      if (set && set.count <= maxNodes) return ruleOf("exact", shape, set, () => undefined);
      if (method === "exact") throw noExactRule(name, set?.count, maxNodes);
    }
    if (method !== "lattice") {
      const found = quadrature(shape, Math.min(options.nodes ?? DEFAULT_NODES, maxNodes));
      if (found) return found;
      if (method === "quadrature") {
        throw new ArgumentError(`${name}.rule: 'quadrature' is not available for ${name}; use 'lattice'`, {
          argument: "method",
          value: method,
        });
      }
    }
    return lattice(shape, options);
  };

  const apply = (images: tf.Tensor4D, theta: tf.Tensor2D): tf.Tensor4D => {
    if (images.rank !== 4) {
      throw new ShapeError(
        `${name}.apply: images has shape ${formatShape(images.shape)}; [N, height, width, channels] was expected`,
        { argument: "images", shape: images.shape },
      );
    }
    const expected = [images.shape[0], numParameters(images.shape.slice(1) as [number, number, number])];
    if (theta.rank !== 2 || theta.shape.some((size, axis) => size !== expected[axis])) {
      throw new ShapeError(
        `${name}.apply: theta has shape ${formatShape(theta.shape)}; ${formatShape(expected)} was expected`,
        { argument: "theta", shape: theta.shape },
      );
    }
    return tf.tidy(() => definition.apply(images, theta));
  };

  return {
    name,
    parameters,
    linear,
    definition,
    apply,
    sample,
    rule,
    outputShape,
    numParameters,
    toAugmentation: () => (images, generator) =>
      tf.tidy(() =>
        apply(images, sample(images.shape[0], generator, images.shape.slice(1) as [number, number, number])),
      ),
  };
}

/** Rule options that only this package sets. */
export interface InternalRuleOptions extends RuleOptions {
  /** Which powers an exact rule integrates. */
  order?: 2 | 4;
}

/** The error of a transform without an exact rule that fits. */
export function noExactRule(name: string, needed: number | undefined, maxNodes: number): ArgumentError {
  return new ArgumentError(
    needed === undefined
      ? `augmentedMoments: 'exact' is not available for ${name}; use 'quadrature' or 'lattice'`
      : `augmentedMoments: method 'exact' needs ${needed} nodes and maxNodes is ${maxNodes}; raise maxNodes or use 'quadrature'`,
    { argument: "method", value: "exact" },
  );
}

/** Refuses what is not `[height, width, channels]`. */
export function checkImageShape(caller: string, shape: ImageShape): void {
  if (!Array.isArray(shape) || shape.length !== 3) {
    throw new ShapeError(
      `${caller}: shape is ${JSON.stringify(shape)}; [height, width, channels] was expected`,
      {
        argument: "shape",
        shape: Array.isArray(shape) ? shape : [],
      },
    );
  }
  for (const [axis, size] of shape.entries()) checkInteger(caller, `shape[${axis}]`, size, { min: 1 });
}

/** Refuses rule options out of range. */
export function checkRuleOptions(caller: string, options: RuleOptions): void {
  const { method = "auto", nodes, tolerance, maxNodes, maxBytes } = options;
  if (!["auto", "exact", "quadrature", "lattice"].includes(method)) {
    throw new ArgumentError(
      `${caller}: method is ${JSON.stringify(method)}; one of "auto", "exact", "quadrature", "lattice" was expected`,
      { argument: "method", value: method },
    );
  }
  if (nodes !== undefined) checkInteger(caller, "nodes", nodes, { min: 1 });
  if (tolerance !== undefined) checkNumber(caller, "tolerance", tolerance, { above: 0 });
  if (maxNodes !== undefined) checkInteger(caller, "maxNodes", maxNodes, { min: 1 });
  if (maxBytes !== undefined) checkNumber(caller, "maxBytes", maxBytes, { min: 0 });
}
