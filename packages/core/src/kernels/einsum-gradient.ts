import * as tf from "@tensorflow/tfjs-core";

/** The operands' indices and those of the result. */
function indicesOf(equation: string): { operands: string[]; result: string } {
  const [given, result] = equation.replaceAll(" ", "").split("->") as [string, string];
  return { operands: given.split(","), result };
}

/**
 * Gradient by the operand with indices `own`: the slope times the other operand, summed over what `own` lacks and
 * repeated over what only `own` has.
 */
function gradientBy(
  dy: tf.Tensor,
  own: string,
  shape: readonly number[],
  result: string,
  other: { indices: string; value: tf.Tensor } | undefined,
): tf.Tensor {
  const seen = result + (other?.indices ?? "");
  const kept = [...own].filter((index) => seen.includes(index)).join("");
  const sum = (equation: string, ...operands: tf.Tensor[]) => tf.einsum(equation, ...operands);
  let gradient: tf.Tensor;
  if (other === undefined || other.indices === "") {
    const slope = other === undefined ? dy : tf.mul(dy, other.value);
    gradient = result === "" ? slope : sum(`${result}->${kept}`, slope);
  } else if (result === "") gradient = tf.mul(dy, sum(`${other.indices}->${kept}`, other.value));
  else gradient = sum(`${result},${other.indices}->${kept}`, dy, other.value);
  if (kept === own) return gradient;
  const sizes = [...own].map((index, axis) => (kept.includes(index) ? shape[axis]! : 1));
  return tf.mul(tf.reshape(gradient, sizes), tf.ones([...shape]));
}

/** Gradient of `tf.einsum`, of which the engine has none. */
const gradient: tf.GradConfig = {
  kernelName: "Einsum",
  saveAllInputs: true,
  gradFunc: (upstream, saved, attributes) => {
    const { operands, result } = indicesOf((attributes as unknown as { equation: string }).equation);
    return Object.fromEntries(
      operands.map((own, i) => {
        const j = operands.length === 2 ? 1 - i : undefined;
        const other = j === undefined ? undefined : { indices: operands[j]!, value: saved[j]! };
        return [i, () => gradientBy(upstream as tf.Tensor, own, saved[i]!.shape, result, other)];
      }),
    );
  },
};

/** Registers the gradient of `tf.einsum`, once for all backends. */
export function registerEinsumGradient(): void {
  if (!tf.getGradient("Einsum")) tf.registerGradient(gradient);
}
