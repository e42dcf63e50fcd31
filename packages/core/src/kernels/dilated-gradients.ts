import * as tf from "@tensorflow/tfjs-core";

type Pair = [number, number];
type Attributes = Record<string, unknown>;

const MARK = Symbol.for("lab.dilatedGradient");

/** Filter of a dilated convolution as that of a dense one: zeros between its taps. */
function spread(filter: tf.Tensor, [rows, columns]: Pair): tf.Tensor {
  const [height, width, ...channels] = filter.shape as [number, number, number, number];
  const size = channels[0] * channels[1];
  const tall = tf.pad(tf.reshape(filter, [height, 1, width * size]) as tf.Tensor3D, [
    [0, 0],
    [0, rows - 1],
    [0, 0],
  ]);
  const wide = tf.pad(tf.reshape(tall, [height * rows * width, 1, size]) as tf.Tensor3D, [
    [0, 0],
    [0, columns - 1],
    [0, 0],
  ]);
  const whole = tf.reshape(wide, [height * rows, width * columns, ...channels]);
  return tf.slice(whole, [0, 0, 0, 0], [(height - 1) * rows + 1, (width - 1) * columns + 1, ...channels]);
}

/** Gradients by the kernels of a backend on which those know dilation. */
function direct(name: string, dy: tf.Tensor, x: tf.Tensor, filter: tf.Tensor, attrs: Attributes) {
  const run = (kernel: string, inputs: tf.NamedTensorMap, more: Attributes) =>
    tf.engine().runKernel(kernel, inputs, { ...attrs, ...more } as never) as tf.Tensor;
  return {
    x: () => run(`${name}BackpropInput`, { dy, filter }, { inputShape: x.shape }),
    filter: () => run(`${name}BackpropFilter`, { x, dy }, { filterShape: filter.shape }),
  };
}

function isDilated({ dilations }: Attributes): boolean {
  if (Array.isArray(dilations)) return dilations[0] !== 1 || dilations[1] !== 1;
  return dilations !== undefined && dilations !== 1;
}

/** The engine's gradient, answered here where the convolution is dilated. */
function over(name: string, known: tf.GradConfig): tf.GradConfig {
  const gradFunc: tf.GradFunc = (dy, saved, attributes) => {
    const attrs = attributes as unknown as Attributes;
    if (!isDilated(attrs)) return known.gradFunc(dy, saved, attributes);
    const given = [attrs.dilations].flat() as number[];
    const dilations: Pair = [given[0]!, given[1] ?? given[0]!];
    const [x, filter] = saved as [tf.Tensor, tf.Tensor];
    if (tf.engine().backendName === "wasm")
      return direct(name, dy as tf.Tensor, x, filter, { ...attrs, dilations });
    const dense = known.gradFunc(dy, [x, spread(filter, dilations)], {
      ...attributes,
      dilations: [1, 1],
    }) as { x: () => tf.Tensor; filter: () => tf.Tensor };
    return {
      x: dense.x,
      filter: () => {
        const whole = dense.filter();
        return tf.stridedSlice(whole, [0, 0, 0, 0], whole.shape, [...dilations, 1, 1]);
      },
    };
  };
  return Object.assign({ ...known, gradFunc }, { [MARK]: true });
}

/** Puts the gradient in place, again where importing tfjs-layers has registered the engine's own anew. */
function ensureGradient(name: string): void {
  const known = tf.getGradient(name);
  if (!known || MARK in known) return;
  tf.unregisterGradient(name);
  tf.registerGradient(over(name, known));
}

/**
 * Gives dilated convolutions a gradient, which the engine refuses: on wasm its kernels take them; elsewhere it is that
 * of the dense convolution with zeros between the taps of the filter.
 */
export function registerDilatedGradients(backendName: string): void {
  for (const name of ["Conv2D", "DepthwiseConv2dNative"]) {
    const known = tf.getKernel(name, backendName);
    if (!known || MARK in known) continue;
    const kernelFunc: tf.KernelFunc = (call) => {
      if (isDilated((call.attrs ?? {}) as Attributes)) ensureGradient(name);
      return known.kernelFunc(call);
    };
    tf.unregisterKernel(name, backendName);
    tf.registerKernel(Object.assign({ ...known, kernelFunc }, { [MARK]: true }));
  }
}
