import * as tf from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";

type Weight = ReturnType<layers.Layer["addWeight"]>;
type Shape = (number | null)[];

const only = (inputs: tf.Tensor | tf.Tensor[]) =>
  (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor2D;
const starting = (make: (shape: number[]) => tf.Tensor) => ({ apply: make, getConfig: () => ({}) }) as never;

/** Multiplies every column by a trained factor. */
export class Diagonal extends layers.Layer {
  /** @nocollapse */
  static readonly className = "LabDiagonal";
  private factors!: Weight;

  override build(inputShape: Shape): void {
    const ones = starting((shape) => tf.ones(shape));
    this.factors = this.addWeight("factors", [inputShape.at(-1)!], "float32", ones);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => tf.mul(only(inputs), this.factors.read()));
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }
}

/** Halvings of the exponent, and terms of the series of what is left; enough for norms up to 32. */
const SQUARINGS = 6;
const TERMS = 8;

/** Exponential of a matrix from products only, by its series and squaring. */
function exponential(a: tf.Tensor2D): tf.Tensor2D {
  const small = tf.mul(a, 2 ** -SQUARINGS) as tf.Tensor2D;
  const eye = tf.eye(a.shape[0]);
  let sum = eye;
  for (let term = TERMS; term >= 1; term--)
    sum = tf.add(eye, tf.matMul(small, tf.div(sum, term) as tf.Tensor2D));
  for (let k = 0; k < SQUARINGS; k++) sum = tf.matMul(sum, sum);
  return sum;
}

/** Multiplies by a trained orthogonal matrix $Q e^{P - P^\top}$ with a fixed orthogonal Q and P zero at the start. */
export class Orthogonal extends layers.Layer {
  /** @nocollapse */
  static readonly className = "LabOrthogonal";
  private readonly start: Float32Array;
  private base!: Weight;
  private angles!: Weight;

  /** @param start - Q, row by row. */
  constructor(name: string, start: Float32Array) {
    super({ name });
    this.start = start;
  }

  override build(inputShape: Shape): void {
    const size = inputShape.at(-1)!;
    const fixed = starting(() => tf.tensor2d(this.start, [size, size]));
    const zeros = starting((shape) => tf.zeros(shape));
    this.base = this.addWeight("base", [size, size], "float32", fixed, undefined, false);
    this.angles = this.addWeight("angles", [size, size], "float32", zeros);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const p = this.angles.read() as tf.Tensor2D;
      const rotation = exponential(tf.sub(p, tf.transpose(p)) as tf.Tensor2D);
      return tf.matMul(tf.matMul(only(inputs), this.base.read() as tf.Tensor2D), rotation);
    });
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }
}
