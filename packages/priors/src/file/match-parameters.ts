import { formatShape, ShapeError } from "@lab/core";
import { type ParameterSet, parameters } from "@lab/core/nn";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { checkSameLayout, layoutOf, type ParameterLayout } from "../layout/index.js";

/** Options of {@link matchParameters}. */
export interface MatchOptions {
  /** Whether names must agree; otherwise a model with other names is matched by the order of its parameters. @defaultValue false */
  strict?: boolean;
}

/**
 * The live parameters of a model that a layout speaks about, in the layout's order: what `withPrior` takes.
 *
 * @param model - The model; it may have further parameters, such as a new head.
 * @param layout - `prior.layout`.
 * @param options - See {@link MatchOptions}.
 * @returns Variables that belong to the model.
 * @throws {@link ShapeError} that names the first parameter that differs.
 */
export function matchParameters(
  model: LayersModel,
  layout: ParameterLayout,
  options: MatchOptions = {},
): ParameterSet {
  const all = parameters(model);
  const hasNames = layout.entries.every(({ name }) => all.has(name));
  if (!hasNames && options.strict) {
    const missing = layout.entries.find(({ name }) => !all.has(name))!;
    throw new ShapeError(
      `matchParameters: the model has no parameter ${missing.name} ${formatShape(missing.shape)}; it has ${[...all.keys()].join(", ")}`,
      { argument: "model", shape: missing.shape },
    );
  }
  const chosen: ParameterSet = hasNames
    ? new Map(layout.entries.map(({ name }) => [name, all.get(name)!]))
    : new Map([...all].slice(0, layout.entries.length));
  checkSameLayout("matchParameters", "model", layoutOf(chosen), layout);
  return chosen;
}
