import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { alignment, decoupledContrastive, ntXent, spectrum } from "@lab/ssl-losses";
import * as tf from "@tensorflow/tfjs-core";
import { bars, byId, show } from "./svg.js";

const [INPUT, HIDDEN, OUTPUT, PAIRS, STEPS] = [16, 32, 8, 64, 300];
/** Updates between two pictures. */
const EVERY = 10;

type Loss = "dcl" | "ntxent" | "alignment";

function lossOf(kind: Loss, first: tf.Tensor2D, second: tf.Tensor2D): tf.Scalar {
  if (kind === "dcl") return decoupledContrastive(first, second) as tf.Scalar;
  if (kind === "ntxent") return ntXent(first, second) as tf.Scalar;
  return alignment(first, second) as tf.Scalar;
}

/** A small encoder on eight clusters; two views differ by noise. */
export function contrastiveRun(kind: Loss) {
  const generator = new Generator(5);
  const weights = [
    tf.variable(generator.split("first layer").normal([INPUT, HIDDEN], 0, INPUT ** -0.5)),
    tf.variable(generator.split("second layer").normal([HIDDEN, OUTPUT], 0, HIDDEN ** -0.5)),
  ];
  const centres = generator.split("centres").normal([8, INPUT]) as tf.Tensor2D;
  const labels = tf.tensor1d(
    Array.from({ length: PAIRS }, (_, i) => i % 8),
    "int32",
  );
  const encode = (x: tf.Tensor) => tf.matMul(tf.relu(tf.matMul(x, weights[0]!)), weights[1]!) as tf.Tensor2D;
  const view = (step: number, name: string) =>
    tf.add(
      tf.gather(centres, labels),
      generator.split("views").split(step).split(name).normal([PAIRS, INPUT], 0, 0.5),
    );
  const optimizer = adamw({ learningRate: 0.01, weightDecay: 0 });
  return {
    async update(step: number): Promise<number> {
      const loss = optimizer.minimize(
        () => lossOf(kind, encode(view(step, "first")), encode(view(step, "second"))),
        true,
        weights,
      )!;
      const [value] = await loss.data();
      loss.dispose();
      return value!;
    },
    /** Base-10 logarithms of the eigenvalues of the covariance of rows brought to norm 1, largest first. */
    async spectrum(): Promise<number[]> {
      const z = tf.tidy(() => encode(view(0, "first")));
      const { values } = await spectrum(z);
      z.dispose();
      return [...values].map((value) => Math.max(-8, Math.log10(Math.max(value, 1e-12))));
    },
    dispose() {
      tf.dispose([...weights, centres, labels]);
      optimizer.dispose();
    },
  };
}

const drawSpectrum = (logs: readonly number[]) =>
  bars(byId("contrastive-spectrum"), logs, {
    most: 0,
    least: -8,
    x: "eigenvalue, largest first",
    y: "log₁₀ of the eigenvalue",
  });

/** Trains in the page and draws the spectrum of the embedding as it goes. */
export function startContrastivePanel(): void {
  const button = byId<HTMLButtonElement>("contrastive-start");
  let stop: (() => void) | undefined;
  const untrained = contrastiveRun("dcl");
  void untrained.spectrum().then((logs) => {
    drawSpectrum(logs);
    untrained.dispose();
  });
  button.addEventListener("click", async () => {
    if (stop) return stop();
    let isStopped = false;
    stop = () => {
      isStopped = true;
    };
    button.textContent = "Stop";
    const kind = byId<HTMLSelectElement>("contrastive-loss").value as Loss;
    const run = contrastiveRun(kind);
    for (let step = 1; step <= STEPS && !isStopped; step++) {
      const loss = await run.update(step);
      if (step % EVERY !== 0) continue;
      const logs = await run.spectrum();
      drawSpectrum(logs);
      show("contrastive-result", `Update ${step} of ${STEPS}: loss ${loss.toFixed(3)} nats.`, {
        kind,
        step,
        loss,
        logs,
      });
      await new Promise(requestAnimationFrame);
    }
    run.dispose();
    stop = undefined;
    button.textContent = "Train";
  });
}
