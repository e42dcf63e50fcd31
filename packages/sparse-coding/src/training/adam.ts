import * as tf from "@tensorflow/tfjs-core";

/**
 * Adam whose whole state is variables, so that a checkpoint of variables resumes it exactly; ε = 1e-8 as in PyTorch.
 */
export class Adam {
  private readonly first: tf.Variable[];
  private readonly second: tf.Variable[];
  private readonly clock: tf.Variable<tf.Rank.R0>;
  private readonly parameters: readonly tf.Variable[];

  constructor(parameters: readonly tf.Variable[]) {
    this.parameters = parameters;
    const zeros = (v: tf.Variable) => tf.tidy(() => tf.variable(tf.zeros(v.shape), false));
    this.first = parameters.map(zeros);
    this.second = parameters.map(zeros);
    this.clock = tf.tidy(() => tf.variable(tf.scalar(0), false)) as tf.Variable<tf.Rank.R0>;
  }

  /** Everything that an exact continuation needs. */
  get state(): tf.Variable[] {
    return [this.clock, ...this.first, ...this.second];
  }

  /** One update; a missing gradient leaves its parameter alone. */
  apply(gradients: readonly (tf.Tensor | undefined)[], learningRate: number): void {
    tf.tidy(() => {
      this.clock.assign(tf.add(this.clock, 1) as tf.Scalar);
      const correct1 = tf.sub(1, tf.pow(tf.scalar(0.9), this.clock));
      const correct2 = tf.sub(1, tf.pow(tf.scalar(0.999), this.clock));
      for (const [i, parameter] of this.parameters.entries()) {
        const gradient = gradients[i];
        if (!gradient) continue;
        const [m, v] = [this.first[i]!, this.second[i]!];
        m.assign(tf.add(tf.mul(m, 0.9), tf.mul(gradient, 0.1)));
        v.assign(tf.add(tf.mul(v, 0.999), tf.mul(tf.square(gradient), 0.001)));
        const root = tf.add(tf.sqrt(tf.div(v, correct2)), 1e-8);
        parameter.assign(tf.sub(parameter, tf.mul(tf.div(tf.div(m, correct1), root), learningRate)));
      }
    });
  }

  /** Frees the state. */
  dispose(): void {
    tf.dispose(this.state);
  }
}
