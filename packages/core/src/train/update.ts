import * as tf from "@tensorflow/tfjs-core";
import { ArgumentError, NumericalError, ShapeError } from "../errors/index.js";
import { clipByGlobalNorm } from "../optim/index.js";
import type { StepResult } from "./options.js";

type Figures = Record<string, number>;

/**
 * One update through an optimizer: differentiates the loss, refuses one that is not finite, applies the gradients.
 *
 * @param loss - Computes the loss.
 * @param optimizer - Receives the gradients.
 * @param trainable - Variables to differentiate by.
 * @param clipNorm - Largest global norm of the gradients.
 * @param step - Number of this update, from 1, for messages.
 */
export async function gradientUpdate(
  loss: () => StepResult | Promise<StepResult>,
  optimizer: tf.Optimizer,
  trainable: tf.Variable[],
  clipNorm: number | undefined,
  step: number,
): Promise<Figures> {
  let figures: Record<string, tf.Tensor | number> = {};
  const { value, grads } = tf.variableGrads(() => {
    const result = loss();
    if (result instanceof Promise) {
      // The promise is refused, so its own failure must not go unhandled as well.
      result.catch(() => {});
      throw new ArgumentError(
        "fit: step returned a promise; with an optimizer a synchronous step was expected; without one step makes its own update",
        { argument: "step", value: "a promise" },
      );
    }
    figures = figuresOf(result);
    for (const figure of Object.values(figures)) if (typeof figure !== "number") tf.keep(figure);
    return figures.loss as tf.Scalar;
  }, trainable);
  try {
    const read = await readFigures(figures);
    checkLoss(read.loss!, step);
    tf.tidy(() => {
      const { gradients } = clipNorm ? clipByGlobalNorm(grads, clipNorm) : { gradients: grads };
      optimizer.applyGradients(gradients);
    });
    return read;
  } finally {
    tf.dispose([value, grads, Object.values(figures)] as unknown as tf.TensorContainer);
  }
}

/** One update that `step` makes itself; refuses a loss that is not finite. */
export async function ownUpdate(
  compute: () => StepResult | Promise<StepResult>,
  step: number,
): Promise<Figures> {
  const figures = figuresOf(await compute());
  const read = await readFigures(figures);
  tf.dispose(Object.values(figures) as tf.TensorContainer);
  checkLoss(read.loss!, step);
  return read;
}

function figuresOf(result: StepResult): Record<string, tf.Tensor | number> {
  const figures: Record<string, tf.Tensor | number> = result instanceof tf.Tensor ? { loss: result } : result;
  if (!(figures?.loss instanceof tf.Tensor)) {
    throw new ArgumentError(
      `fit: step returned ${String(figures?.loss ?? result)} as loss; a scalar tensor was expected`,
      { argument: "step", value: result },
    );
  }
  for (const [name, figure] of Object.entries(figures)) {
    if (typeof figure === "number" || figure.size === 1) continue;
    throw new ShapeError(`fit: step returned ${name} of shape [${figure.shape}]; a scalar was expected`, {
      argument: "step",
      shape: figure.shape,
    });
  }
  if (figures.loss.rank === 0) return figures;
  throw new ShapeError(`fit: step returned loss of shape [${figures.loss.shape}]; [] was expected`, {
    argument: "step",
    shape: figures.loss.shape,
  });
}

async function readFigures(figures: Record<string, tf.Tensor | number>): Promise<Figures> {
  const names = Object.keys(figures);
  const values = await Promise.all(
    Object.values(figures).map(async (figure) =>
      typeof figure === "number" ? figure : (await figure.data())[0]!,
    ),
  );
  return Object.fromEntries(names.map((name, i) => [name, values[i]!]));
}

function checkLoss(loss: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new NumericalError(
    `fit: the loss is ${loss} in step ${step}; a finite value was expected; the last checkpoint holds finite values`,
    { iteration: step, residual: loss },
  );
}
