import { formatShape, ShapeError } from "@lab/core";
import type { ParameterSet } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";

/** One parameter tensor of a layout. */
export interface LayoutEntry {
  /** Name of the parameter. */
  name: string;
  /** Its shape. */
  shape: readonly number[];
}

/** Names and shapes of parameters in the order in which a flat vector holds them. */
export interface ParameterLayout {
  /** The parameters, first to last. */
  entries: readonly LayoutEntry[];
}

/** Number of values of an entry. */
export const sizeOf = (entry: LayoutEntry): number => tf.util.sizeFromShape([...entry.shape]);

/** Number of values of a whole layout. */
export const layoutSize = (layout: ParameterLayout): number =>
  layout.entries.reduce((sum, entry) => sum + sizeOf(entry), 0);

/** The layout of named parameters. */
export function layoutOf(parameters: ParameterSet): ParameterLayout {
  return { entries: [...parameters].map(([name, tensor]) => ({ name, shape: [...tensor.shape] })) };
}

/** The layout of one flat vector without names. */
export function flatLayout(size: number): ParameterLayout {
  return { entries: [{ name: "parameters", shape: [size] }] };
}

const describe = ({ name, shape }: LayoutEntry) => `${name} ${formatShape(shape)}`;

/**
 * Refuses parameters of another layout, naming the first that differs.
 *
 * Names are compared only where `strict` asks for it: two models of one architecture often number their layers
 * differently.
 */
export function checkSameLayout(
  caller: string,
  argument: string,
  found: ParameterLayout,
  expected: ParameterLayout,
  strict = false,
): void {
  const count = Math.max(found.entries.length, expected.entries.length);
  for (let i = 0; i < count; i++) {
    const [a, b] = [found.entries[i], expected.entries[i]];
    const isSame =
      a !== undefined &&
      b !== undefined &&
      a.shape.length === b.shape.length &&
      a.shape.every((size, axis) => size === b.shape[axis]) &&
      (!strict || a.name === b.name);
    if (isSame) continue;
    const is = a ? `is ${describe(a)}` : "is missing";
    const was = b ? describe(b) : "no further parameter";
    throw new ShapeError(`${caller}: parameter ${i} of ${argument} ${is}; ${was} was expected`, {
      argument,
      shape: a?.shape ?? [],
    });
  }
}

/**
 * The tensors of `parameters` in the order of a layout.
 *
 * @param parameters - A parameter set, or one flat vector of all values.
 * @returns Tensors that belong to `parameters` where it is a set; slices of it, to be made in a tidy, where it is flat.
 */
export function blocksOf(
  caller: string,
  parameters: ParameterSet | tf.Tensor1D,
  layout: ParameterLayout,
): tf.Tensor[] {
  if (!(parameters instanceof Map)) return splitFlat(caller, parameters as tf.Tensor1D, layout);
  checkSameLayout(caller, "parameters", layoutOf(parameters as ParameterSet), layout);
  return [...(parameters as ParameterSet).values()];
}

/** Slices of a flat vector, one an entry, each of shape `[size]`; gradients pass. */
export function splitFlat(caller: string, flat: tf.Tensor1D, layout: ParameterLayout): tf.Tensor[] {
  const size = layoutSize(layout);
  if (flat.rank !== 1 || flat.size !== size) {
    throw new ShapeError(
      `${caller}: parameters has shape ${formatShape(flat.shape)}; [${size}] was expected`,
      { argument: "parameters", shape: flat.shape },
    );
  }
  if (layout.entries.length === 1) return [flat];
  let at = 0;
  return layout.entries.map((entry) => {
    const block = tf.slice(flat, [at], [sizeOf(entry)]);
    at += sizeOf(entry);
    return block;
  });
}
