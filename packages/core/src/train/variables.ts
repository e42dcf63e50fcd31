import * as tf from "@tensorflow/tfjs-core";
import { ArgumentError } from "../errors/index.js";

/** Variables by names that are the same in every process. */
export type NamedVariables = ReadonlyMap<string, tf.Variable>;

/** The variables that a run trains and saves. */
export function namedVariables(
  given: ReadonlyMap<string, tf.Tensor> | readonly tf.Variable[] | undefined,
): NamedVariables {
  const entries: [string, tf.Tensor][] =
    given === undefined
      ? Object.entries(tf.engine().registeredVariables)
      : Array.isArray(given)
        ? given.map((variable: tf.Variable) => [variable.name, variable])
        : [...(given as ReadonlyMap<string, tf.Tensor>)];
  const variables = new Map<string, tf.Variable>();
  for (const [name, variable] of entries) {
    if (!(variable instanceof tf.Variable)) {
      throw new ArgumentError(`fit: variables holds ${name}, a plain tensor; a variable was expected`, {
        argument: "variables",
        value: name,
      });
    }
    variables.set(name, variable);
  }
  return variables;
}

/** The trainable ones; at least one, since they are differentiated. */
export function trainableOf(variables: NamedVariables): tf.Variable[] {
  const trainable = [...variables.values()].filter((variable) => variable.trainable);
  if (trainable.length > 0) return trainable;
  throw new ArgumentError(
    `fit: variables holds ${variables.size} variables and none of them is trainable; at least one was expected`,
    { argument: "variables", value: variables.size },
  );
}
