import * as tf from "@tensorflow/tfjs-core";

type Merge = (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor2D;

/** Results of tiles, `[size, width]`, gathered for every block of rows without a scatter. */
export class BlockSums {
  private readonly parts: (tf.Tensor2D | undefined)[];
  private readonly merge: Merge;

  constructor(numBlocks: number, merge: Merge = tf.add) {
    this.parts = new Array<undefined>(numBlocks).fill(undefined);
    this.merge = merge;
  }

  /** Takes over a part of a block. */
  put(index: number, part: tf.Tensor2D): void {
    const old = this.parts[index];
    this.parts[index] = old ? this.merge(old, part) : part;
    if (old) tf.dispose([old, part]);
  }

  /** All blocks, one below the other. */
  all(): tf.Tensor2D {
    const joined = tf.concat(this.parts as tf.Tensor2D[], 0);
    tf.dispose(this.parts as tf.Tensor2D[]);
    return joined;
  }
}
