import { ArgumentError, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { type Distribution, discrete } from "../distribution/distribution.js";
import { factorTerm, isotropicTerm, scaledTerm } from "../moments/host-covariance.js";
import { momentsOfImage } from "../moments/host-moments.js";
import { mixed } from "./flip.js";
import { createTransform, type ImageShape, type NodeSet, type RandomTransform } from "./transform.js";

/**
 * Transforms one after another, with independent parameters.
 *
 * @param steps - At least one, in the order in which they act.
 * @returns A transform with the parameters of all steps, side by side; `compose([t])` is `t`. Nodes are products of the steps' nodes
 *   while they fit, else a lattice; noise at the end adds $\sigma^2 I$ without any node.
 * @throws {@link ArgumentError} when there is no step.
 */
export function compose(steps: readonly RandomTransform[]): RandomTransform {
  if (!Array.isArray(steps as unknown) || steps.length === 0) {
    throw new ArgumentError(
      `compose: steps is ${JSON.stringify(steps)}; at least one transform was expected`,
      {
        argument: "steps",
        value: steps,
      },
    );
  }
  const [only] = steps as [RandomTransform];
  if (steps.length === 1) return only;
  const shapesOf = (shape: ImageShape): ImageShape[] => {
    const shapes = [shape];
    for (const step of steps) shapes.push(step.outputShape(shapes[shapes.length - 1]!));
    return shapes;
  };
  const sizes = (shape: ImageShape, count: (step: RandomTransform, shape: ImageShape) => number) => {
    const shapes = shapesOf(shape);
    return steps.map((step, i) => count(step, shapes[i]!));
  };
  const parameterCounts = (shape: ImageShape) => sizes(shape, (step, own) => step.numParameters(own));
  const unitCounts = (shape: ImageShape) =>
    sizes(shape, (step, own) => step.definition.numUnits?.(own) ?? step.numParameters(own));
  const total = (counts: readonly number[]) => counts.reduce((sum, n) => sum + n, 0);
  const product = (shape: ImageShape, sets: readonly (NodeSet | undefined)[]): NodeSet | undefined => {
    if (sets.some((set) => set === undefined)) return undefined;
    const counts = parameterCounts(shape);
    return {
      count: sets.reduce((n, set) => n * set!.count, 1),
      make() {
        let rows = [{ theta: [] as number[], weight: 1 }];
        for (const [i, set] of sets.entries()) {
          const { theta, weights } = set!.make();
          const own = Array.from(weights, (weight, q) => ({
            theta: Array.from(theta.subarray(q * counts[i]!, (q + 1) * counts[i]!)),
            weight,
          }));
          rows = rows.flatMap((row) =>
            own.map((node) => ({
              theta: [...row.theta, ...node.theta],
              weight: row.weight * node.weight,
            })),
          );
        }
        return {
          theta: Float64Array.from(rows.flatMap(({ theta }) => theta)),
          weights: Float64Array.from(rows, ({ weight }) => weight),
        };
      },
    };
  };
  const applyHost = steps.every((step) => step.definition.applyHost)
    ? (image: Float64Array, shape: ImageShape, theta: Float64Array, out: Float64Array) => {
        const counts = parameterCounts(shape);
        let [current, own, at] = [image, shape, 0];
        for (const [i, step] of steps.entries()) {
          const next = step.outputShape(own);
          const target =
            i === steps.length - 1 ? out : new Float64Array(next.reduce((size, side) => size * side, 1));
          step.definition.applyHost!(current, own, theta.subarray(at, at + counts[i]!), target);
          [current, own, at] = [target, next, at + counts[i]!];
        }
      }
    : undefined;
  const last = steps[steps.length - 1]!;
  const noise = last.parameters.noise;
  const isNoise = last.name === "gaussianNoise" && noise !== undefined;
  const parameters: Record<string, Distribution> = {};
  for (const [i, step] of steps.entries()) {
    for (const [key, law] of Object.entries(step.parameters)) parameters[`${i}.${step.name}.${key}`] = law;
  }
  return createTransform({
    name: steps.map((step) => step.name).join("+"),
    parameters,
    linear: steps.every((step) => step.linear),
    needsShape: steps.some((step) => step.definition.needsShape),
    numParameters: (shape) => total(parameterCounts(shape)),
    numUnits: (shape) => total(unitCounts(shape)),
    fromUnit(unit, shape, theta) {
      const [shapes, units, counts] = [shapesOf(shape), unitCounts(shape), parameterCounts(shape)];
      let [from, to] = [0, 0];
      for (const [i, step] of steps.entries()) {
        step.definition.fromUnit!(
          unit.subarray(from, from + units[i]!),
          shapes[i]!,
          theta.subarray(to, to + counts[i]!),
        );
        from += units[i]!;
        to += counts[i]!;
      }
    },
    outputShape: (shape) => shapesOf(shape)[steps.length]!,
    apply(images, theta) {
      const counts = parameterCounts(images.shape.slice(1) as [number, number, number]);
      let [current, at] = [images, 0];
      for (const [i, step] of steps.entries()) {
        current = step.apply(current, tf.slice(theta, [0, at], [-1, counts[i]!]));
        at += counts[i]!;
      }
      return current;
    },
    ...(applyHost && { applyHost }),
    exact: (shape, order) => {
      const shapes = shapesOf(shape);
      return product(
        shape,
        steps.map((step, i) => step.definition.exact?.(shapes[i]!, order)),
      );
    },
    quadrature: (shape, budget) => {
      const shapes = shapesOf(shape);
      const exact = steps.map((step, i) => step.definition.exact?.(shapes[i]!, 2));
      const open = exact.filter((set) => set === undefined).length;
      const finite = exact.reduce((n, set) => n * (set?.count ?? 1), 1);
      // Two open steps on a grid at most: beyond it a lattice does better.
      if (open === 0 || open > 2 || finite > budget) return undefined;
      const each = Math.max(1, Math.floor((budget / finite) ** (1 / open) + 1e-9));
      return product(
        shape,
        steps.map((step, i) => exact[i] ?? step.definition.quadrature?.(shapes[i]!, each)),
      );
    },
    ...(isNoise && {
      moments: async (image: Float64Array, shape: ImageShape, rule) => {
        const moments = await momentsOfImage(image, shape, compose(steps.slice(0, -1)), rule);
        const variance = noise.kind === "normal" ? noise.sd ** 2 : 0;
        if (variance === 0) return moments;
        const { diagonal } = moments;
        return {
          ...moments,
          terms: [...moments.terms, isotropicTerm(variance)],
          ...(diagonal && { diagonal: diagonal.map((value) => value + variance) }),
        };
      },
    }),
  });
}

/**
 * A transform that acts with a probability.
 *
 * $\mu = (1-p) x + p\mu_1$, $\Sigma = p\Sigma_1 + p(1-p)(\mu_1 - x)(\mu_1 - x)^\top$.
 *
 * @param probability - From 0 to 1.
 * @param t - The transform; it keeps the shape of images.
 * @returns A transform with one more parameter, the first: 1 where `t` acts, else 0.
 * @throws {@link ArgumentError} when the probability is out of range.
 */
export function withProbability(probability: number, t: RandomTransform): RandomTransform {
  const p = checkNumber("withProbability", "probability", probability, { min: 0, max: 1 });
  const { definition } = t;
  const { applyHost } = definition;
  const mix = (set: NodeSet | undefined, shape: ImageShape): NodeSet | undefined => {
    if (p === 0) {
      const P = t.numParameters(shape) + 1;
      // Any parameters serve, as the transform does not act; those of one node are within its law.
      return {
        count: 1,
        make: () => ({ theta: withFlags(0, new Float64Array(P - 1), P), weights: Float64Array.of(1) }),
      };
    }
    if (!set) return undefined;
    const P = t.numParameters(shape) + 1;
    const extra = p < 1 ? 1 : 0;
    return {
      count: set.count + extra,
      make() {
        const { theta, weights } = set.make();
        const out = new Float64Array((weights.length + extra) * P);
        out.set(withFlags(1, theta, P));
        if (extra) {
          out.set(withFlags(0, theta.subarray(0, P - 1), P), weights.length * P);
        }
        return {
          theta: out,
          weights: Float64Array.from([...weights.map((w) => p * w), ...(extra ? [1 - p] : [])]),
        };
      },
    };
  };
  return createTransform({
    name: t.name,
    parameters: { acts: discrete([0, 1], [1 - p, p]), ...t.parameters },
    linear: t.linear,
    ...(definition.needsShape && { needsShape: true }),
    numParameters: (shape) => t.numParameters(shape) + 1,
    numUnits: (shape) => (definition.numUnits?.(shape) ?? t.numParameters(shape)) + 1,
    fromUnit(unit, shape, theta) {
      theta[0] = unit[0]! < p ? 1 : 0;
      definition.fromUnit!(unit.subarray(1), shape, theta.subarray(1));
    },
    outputShape(shape) {
      const out = t.outputShape(shape);
      if (out.some((side, axis) => side !== shape[axis])) {
        throw new ArgumentError(
          `withProbability: ${t.name} makes [${out.join(",")}] of [${shape.join(",")}]; a transform that keeps the shape was expected`,
          { argument: "t", value: t.name },
        );
      }
      return shape;
    },
    apply: (images, theta) => {
      const flag = tf.reshape(tf.slice(theta, [0, 0], [-1, 1]), [-1, 1, 1, 1]);
      return mixed(images, t.apply(images, tf.slice(theta, [0, 1], [-1, -1])), flag);
    },
    ...(applyHost && {
      applyHost(image: Float64Array, shape: ImageShape, theta: Float64Array, out: Float64Array) {
        if (theta[0]! < 0.5) out.set(image);
        else applyHost(image, shape, theta.subarray(1), out);
      },
    }),
    exact: (shape, order) => mix(definition.exact?.(shape, order), shape),
    quadrature: (shape, budget) => mix(definition.quadrature?.(shape, Math.max(1, budget - 1)), shape),
    async moments(image, shape, rule) {
      const inner = p > 0 ? await definition.moments?.(image, shape, rule) : undefined;
      if (!inner) return undefined;
      const difference = inner.mean.map((value, i) => value - image[i]!);
      const root = Math.sqrt(p * (1 - p));
      const between = factorTerm({
        count: 1,
        row: (_, out) => {
          for (let i = 0; i < out.length; i++) out[i] = root * difference[i]!;
        },
      });
      return {
        shape,
        mean: image.map((value, i) => value + p * difference[i]!),
        terms: [...inner.terms.map((term) => scaledTerm(term, p)), ...(p < 1 ? [between] : [])],
        ...(inner.diagonal && {
          diagonal: inner.diagonal.map((value, i) => p * value + p * (1 - p) * difference[i]! ** 2),
        }),
        error: inner.error,
      };
    },
  });
}

/** Rows of P parameters with a flag before each. */
function withFlags(flag: number, theta: Float64Array, P: number): Float64Array {
  const count = P === 1 ? 1 : theta.length / (P - 1);
  const out = new Float64Array(count * P);
  for (let q = 0; q < count; q++) {
    out[q * P] = flag;
    out.set(theta.subarray(q * (P - 1), (q + 1) * (P - 1)), q * P + 1);
  }
  return out;
}
