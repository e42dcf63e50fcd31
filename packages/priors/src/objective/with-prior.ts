import { ArgumentError, checkNumber } from "@lab/core";
import type { ParameterSet } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";
import { checkSameLayout, layoutOf } from "../layout/index.js";
import type { Prior } from "../prior.js";

/** A prior and the parameters that it speaks about. */
export interface HeadPrior {
  /** The prior. */
  prior: Prior;
  /** The live parameters. */
  parameters: ParameterSet;
}

/** Options of {@link withPrior}. */
export interface WithPriorOptions {
  /** Examples in the training set, $N$: the prior counts once for all of them, not once a batch. */
  dataSize: number;
  /**
   * The live parameters that the prior speaks about, in the order of its layout.
   * @defaultValue those that the prior was made for
   */
  parameters?: ParameterSet;
  /** Prior of the new head, alone where it was made for the head's parameters; keep it broad. @defaultValue none */
  head?: Prior | HeadPrior;
  /** Weight of the prior against the data is 1/(N·temperature). @defaultValue 1 */
  temperature?: number;
}

/** What {@link withPrior} makes of a batch; all three have shape `[]`. */
export interface PriorLoss {
  /** `nll` plus `prior`: what to minimise. */
  loss: tf.Scalar;
  /** The data loss of the batch. */
  nll: tf.Scalar;
  /** The prior's part, without constants. */
  prior: tf.Scalar;
  [name: string]: tf.Tensor;
}

/** A step for `fit` and for samplers. */
export interface PriorStep<B> {
  /** The loss of a batch and its parts; the tensors belong to the caller. */
  (batch: B): PriorLoss;
  /** Examples in the training set, as they were given. */
  readonly dataSize: number;
}

/**
 * Adds an informative prior to a data loss: a drop-in regulariser for any optimizer and any model.
 *
 * $F = \text{batch loss} - \frac{1}{N T}[\log N(w; \mu, s\Sigma + \varepsilon I) + \log N(h; 0, \sigma_h^2 I)]$, an
 * estimate of $-\log$ posterior$/N$ up to constants.
 *
 * @param dataLoss - Mean negative log likelihood of a batch in nats, shape `[]`.
 * @param prior - The prior, scaled as wanted.
 * @param options - See {@link WithPriorOptions}.
 * @returns A step for `fit`: the loss and its two parts; `sampleSghmc` takes the data size from it.
 * @throws {@link ArgumentError} when `dataSize` is missing or below 1, the temperature is not above 0, or a prior was made
 *   for no live parameters and none are given; {@link ShapeError} that names the first parameter of another shape.
 * @see Shwartz-Ziv et al. (2022), Pre-Train Your Loss, section 3.
 */
export function withPrior<B>(
  dataLoss: (batch: B) => tf.Tensor,
  prior: Prior,
  options: WithPriorOptions,
): PriorStep<B> {
  if (options?.dataSize === undefined) {
    throw new ArgumentError(
      "withPrior: dataSize is undefined; the number of training examples was expected",
      {
        argument: "dataSize",
        value: undefined,
      },
    );
  }
  const dataSize = checkNumber("withPrior", "dataSize", options.dataSize, { min: 1 });
  const temperature = checkNumber("withPrior", "temperature", options.temperature ?? 1, { above: 0 });
  const body = aboutLive("parameters", { prior, parameters: options.parameters });
  const head =
    options.head && aboutLive("head", "prior" in options.head ? options.head : { prior: options.head });
  const weight = -1 / (dataSize * temperature);
  const step = (batch: B): PriorLoss =>
    tf.tidy(() => {
      const nll = dataLoss(batch) as tf.Scalar;
      let density: tf.Tensor = body.prior.logProb(body.parameters, { constants: false });
      if (head) density = tf.add(density, head.prior.logProb(head.parameters, { constants: false }));
      const part = tf.mul(density, weight) as tf.Scalar;
      return { loss: tf.add(nll, part) as tf.Scalar, nll, prior: part };
    });
  return Object.assign(step, { dataSize });
}

/** A prior with the live parameters it speaks about: given ones, or those that it was made for. */
function aboutLive(
  argument: string,
  { prior, parameters = prior.parameters }: { prior: Prior; parameters?: ParameterSet | undefined },
): HeadPrior {
  if (parameters === undefined) {
    throw new ArgumentError(
      `withPrior: ${argument} is undefined and the prior was made for no live parameters; a parameter set was expected, as matchParameters gives it`,
      { argument, value: undefined },
    );
  }
  checkSameLayout("withPrior", argument, layoutOf(parameters), prior.layout);
  return { prior, parameters };
}
