import * as tf from "@tensorflow/tfjs-core";
import { type LayersModel, LayersModel as LayersModelClass } from "@tensorflow/tfjs-layers";
import { checkNumber } from "../check/index.js";
import { ArgumentError, ShapeError } from "../errors/index.js";

/** Parameters by name. */
export type ParameterSet = ReadonlyMap<string, tf.Tensor>;

/** Which parameters: those that are trained, all, or those that a rule takes by name. */
export type ParameterSelection = "trainable" | "all" | ((name: string) => boolean);

/**
 * The parameters of a model: its live variables by `<layer>/<weight>`, a name that is the same in every process.
 *
 * @param model - The model.
 * @param select - `trainable` (default) leaves out running statistics; `all` does not; or a rule over names.
 * @returns Variables of the model, in the order of its layers; they belong to the model.
 * @throws {@link ArgumentError} when two parameters share a name.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { mlp, parameters } from "@lab/core/nn";
 *
 * await init();
 * const model = mlp({ sizes: [4, 2, 1], batchNorm: true });
 * [...parameters(model).keys()]; // => ["0/kernel", "0/bias", "1/gamma", "1/beta", "3/kernel", "3/bias"]
 * parameters(model, "all").size; // => 8
 * ```
 */
export function parameters(model: LayersModel, select: ParameterSelection = "trainable"): ParameterSet {
  const found = new Map<string, tf.Tensor>();
  // `weights` lists trainable ones first; layers give the order of construction.
  for (const layer of model.layers) {
    for (const weight of layer.weights) {
      const name = weight.originalName;
      const variable = weight.read();
      const isWanted =
        typeof select === "function" ? select(name) : select === "all" || (variable as tf.Variable).trainable;
      if (!isWanted) continue;
      if (found.has(name)) {
        throw new ArgumentError(
          `parameters: model has two parameters ${name}; distinct layer names were expected`,
          {
            argument: "model",
            value: name,
          },
        );
      }
      found.set(name, variable);
    }
  }
  return found;
}

/**
 * All parameters one after another as a vector.
 *
 * @param set - The parameters.
 * @returns Vector of as many values as the set has; it belongs to the caller. Gradients pass.
 */
export function flatten(set: ParameterSet): tf.Tensor1D {
  return tf.tidy(() => {
    const parts = [...set.values()].map((value) => tf.reshape(value, [-1]) as tf.Tensor1D);
    if (parts.length === 0) return tf.zeros([0]) as tf.Tensor1D;
    return parts.length === 1 ? tf.clone(parts[0]!) : tf.concat1d(parts);
  });
}

/**
 * The inverse of {@link flatten}.
 *
 * @param vector - Values one after another.
 * @param like - Gives names, shapes and order.
 * @returns New tensors that belong to the caller. Gradients pass.
 * @throws {@link ShapeError} when the vector has another length than the set has values.
 */
export function unflatten(vector: tf.Tensor1D, like: ParameterSet): ParameterSet {
  const total = [...like.values()].reduce((sum, value) => sum + value.size, 0);
  if (vector.rank !== 1 || vector.size !== total) {
    throw new ShapeError(`unflatten: vector has shape [${vector.shape}]; [${total}] was expected`, {
      argument: "vector",
      shape: vector.shape,
    });
  }
  const values = new Map<string, tf.Tensor>();
  let at = 0;
  for (const [name, { size, shape }] of like) {
    const from = at;
    values.set(
      name,
      tf.tidy(() => tf.reshape(tf.slice1d(vector, from, size), shape)),
    );
    at += size;
  }
  return values;
}

/**
 * Copies values into the parameters of a model, or into a set of variables.
 *
 * @param target - The model or the variables.
 * @param values - New values by name; parameters that are not named keep theirs.
 * @throws {@link ArgumentError} for a name that the target lacks; {@link ShapeError} for another shape. Nothing is
 *   changed then.
 */
export function assign(target: LayersModel | ParameterSet, values: ParameterSet): void {
  const variables = variablesOf("assign", target);
  for (const [name, value] of values) {
    const variable = variables.get(name);
    if (!variable) {
      throw new ArgumentError(`assign: values holds ${name}, which the target lacks`, {
        argument: "values",
        value: name,
      });
    }
    if (String(variable.shape) !== String(value.shape)) {
      throw new ShapeError(`assign: ${name} has shape [${value.shape}]; [${variable.shape}] was expected`, {
        argument: "values",
        shape: value.shape,
      });
    }
  }
  for (const [name, value] of values) variables.get(name)!.assign(value);
}

/**
 * Moves an average towards the current values: $a \leftarrow d\,a + (1-d)\,v$.
 *
 * @param average - The model, or the variables, that hold the average.
 * @param current - The model, or the values, to follow; it must have every parameter of the average.
 * @param decay - $d$, from 0 (copy) to 1 (keep).
 * @throws {@link ArgumentError} when `decay` is out of range or a parameter is missing.
 * @remarks Running statistics of normalisation are averaged as well when models are given.
 * @see Tarvainen, Valpola (2017), Mean teachers are better role models, section 2.
 */
export function ema(
  average: LayersModel | ParameterSet,
  current: LayersModel | ParameterSet,
  decay: number,
): void {
  checkNumber("ema", "decay", decay, { min: 0, max: 1 });
  const source = isModel(current) ? parameters(current, "all") : current;
  for (const [name, variable] of variablesOf("ema", average)) {
    const value = source.get(name);
    if (!value) {
      throw new ArgumentError(`ema: current lacks ${name}; every parameter of the average was expected`, {
        argument: "current",
        value: name,
      });
    }
    tf.tidy(() => variable.assign(tf.add(tf.mul(variable, decay), tf.mul(value, 1 - decay))));
  }
}

function isModel(value: LayersModel | ParameterSet): value is LayersModel {
  return value instanceof LayersModelClass;
}

function variablesOf(caller: string, target: LayersModel | ParameterSet): Map<string, tf.Variable> {
  const set = isModel(target) ? parameters(target, "all") : target;
  for (const [name, value] of set) {
    if (value instanceof tf.Variable) continue;
    throw new ArgumentError(`${caller}: ${name} is a plain tensor; a variable was expected`, {
      argument: "target",
      value: name,
    });
  }
  return set as Map<string, tf.Variable>;
}
