import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/** A network whose variables the caller frees. */
export interface Network {
  /** Variables by name. */
  variables: Map<string, tf.Variable>;
  /** Logits of a batch of images. */
  apply(images: tf.Tensor4D): tf.Tensor2D;
}

/** Uniform within ±1/√(inputs), as PyTorch draws the weights of linear layers and convolutions. */
function draw(
  variables: Map<string, tf.Variable>,
  name: string,
  shape: readonly number[],
  fanIn: number,
  generator: Generator,
): tf.Variable {
  const reach = 1 / Math.sqrt(fanIn);
  const initial = generator.split(name).uniform(shape, -reach, reach);
  const value = tf.variable(initial);
  initial.dispose();
  variables.set(name, value);
  return value;
}

/** One hidden layer of rectified units. */
export function mlpNetwork(inputs: number, hidden: number, classes: number, generator: Generator): Network {
  const variables = new Map<string, tf.Variable>();
  const w1 = draw(variables, "w1", [inputs, hidden], inputs, generator);
  const b1 = draw(variables, "b1", [hidden], inputs, generator);
  const w2 = draw(variables, "w2", [hidden, classes], hidden, generator);
  const b2 = draw(variables, "b2", [classes], hidden, generator);
  return {
    variables,
    apply(images) {
      const x = tf.reshape(images, [-1, inputs]) as tf.Tensor2D;
      const h = tf.relu(tf.add(tf.matMul(x, w1 as unknown as tf.Tensor2D), b1)) as tf.Tensor2D;
      return tf.add(tf.matMul(h, w2 as unknown as tf.Tensor2D), b2) as tf.Tensor2D;
    },
  };
}

/** Three convolutions of stride 2 with 16, 32 and 64 filters, and a hidden layer of 128 units. */
export function cnnNetwork(
  [height, width, channels]: readonly [number, number, number],
  classes: number,
  generator: Generator,
): Network {
  const variables = new Map<string, tf.Variable>();
  const filters = [channels, 16, 32, 64];
  const layers = [1, 2, 3].map((l) => {
    const [from, to] = [filters[l - 1]!, filters[l]!];
    return {
      kernel: draw(variables, `conv${l}.w`, [3, 3, from, to], 9 * from, generator),
      bias: draw(variables, `conv${l}.b`, [to], 9 * from, generator),
    };
  });
  const flat = Math.ceil(height / 8) * Math.ceil(width / 8) * 64;
  const head = mlpNetwork(flat, 128, classes, generator.split("head"));
  for (const [name, value] of head.variables) variables.set(`head.${name}`, value);
  return {
    variables,
    apply(images) {
      let x = images;
      for (const { kernel, bias } of layers)
        x = tf.relu(tf.add(tf.conv2d(x, kernel as unknown as tf.Tensor4D, 2, "same"), bias)) as tf.Tensor4D;
      return head.apply(x);
    },
  };
}
