import type { Tensor2D, Variable } from "@tensorflow/tfjs-core";

/** A decoder bound to one batch: what depends on the data but not on the codes is computed once. */
export interface PreparedDecoder {
  /**
   * Gradient of $\sum_i \frac1d \lVert y_i - \mathrm{Dec}(z_i) \rVert^2$ with respect to the codes.
   *
   * @param codes - Shape `[N, l]`.
   * @returns Same shape; the caller disposes it.
   */
  gradient(codes: Tensor2D): Tensor2D;
  /**
   * Lipschitz constant of that gradient: of the whole function for a linear decoder, near the codes otherwise.
   *
   * @param codes - Shape `[N, l]`.
   */
  lipschitz(codes: Tensor2D): Promise<number>;
  /** Gram matrix $\frac2d D^\top D$ `[l, l]` and $\frac2d Y D$ `[N, l]` of a linear decoder; they belong to this object. */
  readonly gram?: { matrix: Tensor2D; target: Tensor2D };
  /** Frees what was prepared. */
  dispose(): void;
}

/** Maps codes to data; anything that has these members can be inferred through and trained. */
export interface Decoder {
  /** Components l of a code. */
  readonly codeDim: number;
  /** Components d of a sample. */
  readonly dataDim: number;
  /** What training changes. */
  readonly variables: Variable[];
  /** Variables whose l2 penalty belongs to the weight decay of the protocol: biases. @defaultValue none */
  readonly decayed?: Variable[];
  /** Further variables that a checkpoint must hold, such as a warm start. @defaultValue none */
  readonly state?: Variable[];
  /** Reconstruction of codes `[N, l]`, shape `[N, d]`; the caller disposes it. Differentiable. */
  decode(codes: Tensor2D): Tensor2D;
  /** Binds the decoder to a batch `[N, d]`; without it gradients come from automatic differentiation. */
  prepare?(y: Tensor2D): PreparedDecoder;
  /** Restores the norm constraint after an update. */
  project?(): void;
  /** Frees the variables. */
  dispose?(): void;
}
