import { ArgumentError } from "@lab/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Distribution } from "../distribution/distribution.js";
import { checkLaw } from "../distribution/law.js";
import { smoothNodes } from "../rules/gauss.js";
import { productNodes } from "../rules/rule.js";
import { gridNodes } from "./geometry.js";
import { createTransform, type NodeSet, type RandomTransform } from "./transform.js";

/** Options of {@link customTransform}. */
export interface CustomTransformOptions {
  /** Name for messages. */
  name: string;
  /** Law of each parameter, in the order of the columns of `theta`. */
  parameters: Readonly<Record<string, Distribution>>;
  /** The images under given parameters, one row of `theta` for each; it keeps their shape. */
  apply(images: tf.Tensor4D, theta: tf.Tensor2D): tf.Tensor4D;
  /** Whether images are smooth in the parameters: a Gauss rule then needs few nodes. @defaultValue false */
  smooth?: boolean;
  /** Whether every transformed image is linear in the image. @defaultValue false */
  linear?: boolean;
}

/**
 * Any transform of one's own, with moments by quadrature.
 *
 * @param options - See {@link CustomTransformOptions}.
 * @returns A transform: up to two random parameters on a grid of nodes, more on a lattice.
 * @throws {@link ArgumentError} when a law is not one, or there is no parameter.
 * @remarks Images of all nodes are made on the device and read once, in float32.
 */
export function customTransform(options: CustomTransformOptions): RandomTransform {
  const { name, smooth = false, linear = false } = options;
  const entries = Object.entries(options.parameters).map(
    ([key, law]) => [key, checkLaw("customTransform", `parameters.${key}`, law)] as const,
  );
  if (entries.length === 0) {
    throw new ArgumentError("customTransform: parameters is {}; at least one law was expected", {
      argument: "parameters",
      value: options.parameters,
    });
  }
  const laws = entries.map(([, law]) => law);
  const isDiscrete = laws.every((law) => law.kind === "point" || law.kind === "discrete");
  const grid = (budget: number): NodeSet | undefined => {
    const plain = gridNodes(laws, budget);
    if (!plain || !smooth) return plain;
    const numRandom = laws.filter((law) => law.kind !== "point" && law.kind !== "discrete").length;
    const each = Math.max(1, Math.floor(budget ** (1 / Math.max(1, numRandom)) + 1e-9));
    const axes = laws.map((law) => smoothNodes(law, Math.min(each, 32)));
    return {
      count: axes.reduce((n, { values }) => n * values.length, 1),
      make: () => productNodes(axes),
    };
  };
  return createTransform({
    name,
    parameters: Object.fromEntries(entries),
    linear,
    apply: options.apply,
    exact: () => (isDiscrete ? grid(1) : undefined),
    quadrature: (_, budget) => grid(budget),
  });
}
