import { ArgumentError, checkAborted, checkChoice } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { forward, type Model, numOutputsOf } from "../losses/model.js";
import { type Images, imageValues } from "../moments/images.js";
import type { RuleOptions } from "../rules/rule.js";
import type { RandomTransform } from "../transforms/transform.js";

/** Options of {@link labelPreservation}. */
export interface LabelPreservationOptions extends RuleOptions {
  /** Class of an image: what the model says of it without augmentation, or its label. @defaultValue `"prediction"` */
  reference?: "prediction" | "label";
}

/** Outcome of {@link labelPreservation}; classes without images are `NaN`. */
export interface LabelPreservation {
  /** `K`, `[C, C]` row by row: probability that an augmented image of class c is taken for class c'; rows sum to 1. */
  flow: Float64Array;
  /** `ρ_c = K_cc`. */
  preserved: Float64Array;
  /** `I_c`: sum over other classes c' of `K_c'c`. */
  incoming: Float64Array;
  /** `ρ_c - I_c`. */
  index: Float64Array;
}

/** Images of a forward pass. */
const BLOCK = 256;

function summarise(flow: Float64Array, counts: Float64Array): LabelPreservation {
  const classes = counts.length;
  for (let c = 0; c < classes; c++)
    for (let k = 0; k < classes; k++) flow[c * classes + k]! /= counts[c]! > 0 ? counts[c]! : Number.NaN;
  const preserved = new Float64Array(classes);
  const incoming = new Float64Array(classes);
  for (let c = 0; c < classes; c++) {
    preserved[c] = flow[c * classes + c]!;
    for (let other = 0; other < classes; other++)
      if (other !== c && counts[other]! > 0) incoming[c]! += flow[other * classes + c]!;
  }
  return { flow, preserved, incoming, index: preserved.map((value, c) => value - incoming[c]!) };
}

/**
 * Where augmentation takes the images of each class, in the eyes of a model that was trained without it.
 *
 * $K_{cc'} = P(h(T_\theta x) = c' \mid \text{class } c)$, by the transform's own rule. A class keeps
 * $\rho_c = K_{cc}$ and receives $I_c = \sum_{c' \ne c} K_{c'c}$; where $\rho_c - I_c$ is small, training with this
 * augmentation mixes the class with others. The index is a hint: it ranks the classes that flips harm, and says little
 * about rotations.
 *
 * @param model - The reference classifier h; its outputs are ranked.
 * @param data - A batch `[N, height, width, channels]`, which is not disposed, or a data set.
 * @param t - The augmentation.
 * @param options - See {@link LabelPreservationOptions}; indicators are not smooth, so ask for more `nodes` to be precise.
 * @returns Flow, shares kept and received, and the index of each class.
 * @throws {@link ArgumentError} when `reference` is `"label"` and the data have no labels, or a label has no output; the
 * signal's reason when it is aborted.
 * @remarks Cost: one forward pass of the data for each node. Aborted between passes.
 * @see Balestriero, Bottou, LeCun (2022), The effects of regularization and data augmentation are class dependent.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { horizontalFlip, labelPreservation } from "@lab/da-theory";
 *
 * await init();
 * const images = tf.tensor4d([1, 0, 0, 0, 0, 1], [2, 1, 3, 1]);
 * const model = (x: tf.Tensor4D) => tf.reshape(x, [x.shape[0], 3]) as tf.Tensor2D;
 * const { preserved } = await labelPreservation(model, images, horizontalFlip({ probability: 0.25 }));
 * Array.from(preserved); // => [0.75, NaN, 0.75]
 * ```
 */
export async function labelPreservation(
  model: Model,
  data: Images,
  t: RandomTransform,
  options: LabelPreservationOptions = {},
): Promise<LabelPreservation> {
  const caller = "labelPreservation";
  const reference = checkChoice(caller, "reference", options.reference ?? "prediction", [
    "prediction",
    "label",
  ] as const);
  const { values, labels, shape, count } = await imageValues(caller, data);
  const classes = numOutputsOf(model, shape);
  if (reference === "label") {
    if (!labels)
      throw new ArgumentError(
        `${caller}: reference is 'label' and data is a batch without labels; a data set was expected`,
        { argument: "reference", value: reference },
      );
    const far = labels.find((label) => label < 0 || label >= classes);
    if (far !== undefined)
      throw new ArgumentError(
        `${caller}: data has label ${far} and the model ${classes} outputs; labels below were expected`,
        {
          argument: "data",
          value: far,
        },
      );
  }
  const rule = t.rule(shape, options);
  const size = shape[0] * shape[1] * shape[2];
  const flow = new Float64Array(classes * classes);
  const counts = new Float64Array(classes);
  const blocks = Math.ceil(count / BLOCK);
  for (let block = 0; block < blocks; block++) {
    const from = block * BLOCK;
    const length = Math.min(BLOCK, count - from);
    const x = tf.tensor4d(values.slice(from * size, (from + length) * size), [length, ...shape]);
    try {
      const own =
        reference === "label" ? labels!.slice(from, from + length) : await classesOf(() => forward(model, x));
      for (const c of own) counts[c]!++;
      for (let q = 0; q < rule.count; q++) {
        checkAborted(options.signal);
        const parameters = rule.theta.subarray(q * rule.numParameters, (q + 1) * rule.numParameters);
        const predicted = await classesOf(() => {
          const theta = tf.tensor2d(Float32Array.from(parameters), [1, rule.numParameters]);
          return forward(model, t.apply(x, tf.tile(theta, [length, 1])));
        });
        for (let n = 0; n < length; n++) flow[own[n]! * classes + predicted[n]!]! += rule.weights[q]!;
      }
    } finally {
      x.dispose();
    }
    options.onProgress?.({ done: block + 1, total: blocks });
  }
  return summarise(flow, counts);
}

async function classesOf(logits: () => tf.Tensor2D): Promise<Int32Array> {
  const classes = tf.tidy(() => tf.argMax(logits(), 1));
  try {
    return (await classes.data()) as Int32Array;
  } finally {
    classes.dispose();
  }
}
