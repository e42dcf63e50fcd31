import { ArgumentError, ShapeError } from "@lab/core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { ParameterGenerator } from "../generator/index.js";
import { checkConstraints, kernelsOf } from "./attach.js";
import { assemble } from "./compress.js";
import type { Compressed } from "./compressed.js";

/**
 * Replaces kernels of a model by the targets of generators that exist, such as an imported one.
 *
 * @param model - The model, changed in place; not compiled yet.
 * @param generators - Their targets have the names and shapes of the kernels they replace, such as `conv1/kernel`.
 * @returns See `compress`; disposing it disposes the generators.
 * @throws {@link ArgumentError} when there is no generator, a target names no kernel or one that another target has, a kernel
 *   has a constraint, or the model is compiled; {@link ShapeError} when a shape differs.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { mlp } from "@lab/core/nn";
 * import { attachGenerators, ParameterGenerator } from "@lab/rpg";
 *
 * await init();
 * const generator = new ParameterGenerator([{ name: "0/kernel", shape: [8, 16], std: 0.3 }], { parameters: 10 });
 * const net = attachGenerators(mlp({ sizes: [8, 16, 4], bias: false }), [generator]);
 * net.model.countParams(); // => 74
 * ```
 */
export function attachGenerators(model: LayersModel, generators: readonly ParameterGenerator[]): Compressed {
  const isCompiled = (model as unknown as { optimizer_?: unknown }).optimizer_ !== undefined;
  if (isCompiled || generators.length === 0) {
    const [argument, what] = isCompiled
      ? (["model", "compiled; an uncompiled one"] as const)
      : (["generators", "empty; at least one"] as const);
    throw new ArgumentError(`attachGenerators: ${argument} is ${what} was expected`, {
      argument,
      value: argument,
    });
  }
  const kernels = new Map(kernelsOf(model).map((kernel) => [kernel.name, kernel]));
  const names = new Set<string>();
  for (const { name, shape } of generators.flatMap(({ targets }) => targets)) {
    const kernel = kernels.get(name);
    if (!kernel || names.has(name)) {
      throw new ArgumentError(
        `attachGenerators: generators have the target ${name}${kernel ? " twice" : ""}; one of the kernels ${[...kernels.keys()].join(", ")} was expected, each once`,
        { argument: "generators", value: name },
      );
    }
    if (String(kernel.variable.shape) !== String(shape)) {
      throw new ShapeError(
        `attachGenerators: ${name} has shape [${shape}]; [${kernel.variable.shape}] was expected, as in the model`,
        { argument: "generators", shape: [...shape] },
      );
    }
    names.add(name);
  }
  checkConstraints([...kernels.values()].filter(({ name }) => names.has(name)));
  return assemble(model, [...names], generators);
}
