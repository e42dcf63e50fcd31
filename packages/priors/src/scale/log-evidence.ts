import { checkNumber } from "@lab/core";
import type { ParameterSet } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";
import type { GaussianPrior } from "../gaussian/index.js";

/** What the Laplace evidence is made from. */
export interface LogEvidenceOptions {
  /** Summed (not mean) negative log likelihood of the training data at the MAP, in nats. */
  nll: number;
  /** The MAP. */
  parameters: ParameterSet;
  /** Diagonal of the curvature of the summed loss there, as `ggnDiagonal` gives it. */
  curvature: ParameterSet;
}

/**
 * Laplace approximation of the log evidence at a MAP under a Gaussian prior, with a diagonal curvature.
 *
 * $\log p(D) \approx -\mathrm{NLL} - \tfrac12 z^\top\Sigma^{-1}z - \tfrac12\log\det(I + \Sigma G)$; the determinant is
 * taken in $O(PK^2)$ through the low-rank part.
 *
 * @param prior - The prior, scaled.
 * @param options - See {@link LogEvidenceOptions}.
 * @returns Nats; read from the device.
 * @see MacKay (1992), Bayesian interpolation, section 4; Immer et al. (2021), Scalable marginal likelihood estimation.
 */
export async function logEvidence(prior: GaussianPrior, options: LogEvidenceOptions): Promise<number> {
  const nll = checkNumber("logEvidence", "nll", options.nll);
  const value = tf.tidy(() => {
    const quadratic = prior.quadratic(options.parameters);
    return tf.mul(tf.add(quadratic, prior.logOccam(options.curvature)), -0.5);
  });
  const [rest] = await value.data();
  value.dispose();
  return rest! - nll;
}
