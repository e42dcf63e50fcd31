import type { Optimizer } from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";

/** Sets the learning rate of any optimizer that has one. */
export function setLearningRate(optimizer: Optimizer, rate: number): void {
  checkNumber("fit", "schedule", rate, { min: 0 });
  const target = optimizer as unknown as { learningRate?: unknown; setLearningRate?(rate: number): void };
  if (typeof target.setLearningRate === "function") target.setLearningRate(rate);
  else if (typeof target.learningRate === "number") target.learningRate = rate;
  else {
    throw new ArgumentError(
      `fit: optimizer is ${optimizer.getClassName()}, which has no learningRate; schedule needs one that has`,
      { argument: "optimizer", value: optimizer.getClassName() },
    );
  }
}
