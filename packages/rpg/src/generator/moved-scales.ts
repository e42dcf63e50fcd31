import * as tf from "@tensorflow/tfjs-core";

/** $D$ of the targets that the ring moves, on the device as long as it holds. */
export class MovedScales {
  private tensor: tf.Tensor | undefined;
  private inverse: tf.Tensor | undefined;

  /** @param count - Counts $D$ anew. */
  constructor(private readonly count: () => Float64Array) {}

  /** $D$, `[N]`. */
  get scales(): tf.Tensor {
    this.tensor ??= tf.keep(tf.tensor1d(Float32Array.from(this.count())));
    return this.tensor;
  }

  /** $D^{-1}$, 0 where nothing is used, `[N]`. */
  get inverted(): tf.Tensor {
    this.inverse ??= tf.keep(tf.tensor1d(Float32Array.from(this.count(), (sum) => (sum > 0 ? 1 / sum : 0))));
    return this.inverse;
  }

  /** Forgets both, as after a change of the targets. */
  forget(): void {
    this.tensor?.dispose();
    this.inverse?.dispose();
    this.tensor = undefined;
    this.inverse = undefined;
  }
}
