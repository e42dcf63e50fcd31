import { checkInteger } from "@lab/core";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { decoupledContrastive, directClr, ntXent } from "../contrastive/index.js";
import { nmceLoss, totalCodingRate } from "../nmce/index.js";
import { barlowTwins, vicReg } from "../redundancy/index.js";
import type { Method, MethodSettings } from "./method.js";

/** Loss of two views of a batch and further figures. */
export type Objective = (
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  generator: Generator,
) => { loss: tf.Scalar; [figure: string]: tf.Scalar };

/** Losses of the methods that need nothing but the two views; momentum contrast has its own. */
export function objectiveOf(
  caller: string,
  method: Exclude<Method, "moco" | "moco-dcl">,
  settings: MethodSettings,
  columns: number,
): Objective {
  const { temperature = 0.1, epsilonSquared = 0.2, constraint = 30 } = settings;
  const only = (loss: tf.Tensor) => ({ loss: loss as tf.Scalar });
  switch (method) {
    case "simclr":
      return (a, b) => only(ntXent(a, b, { temperature }));
    case "dcl":
      return (a, b) => only(decoupledContrastive(a, b, { temperature }));
    case "dclw": {
      const weight = { weight: "vonMisesFisher", sigma: settings.sigma ?? 0.5 } as const;
      return (a, b) => only(decoupledContrastive(a, b, { temperature, ...weight }));
    }
    case "directclr": {
      const size = checkInteger(caller, "settings.size", settings.size ?? Math.ceil(columns / 6), {
        min: 1,
        max: columns,
      });
      return (a, b) => only(directClr(a, b, { size, temperature, loss: settings.loss ?? "infoNce" }));
    }
    case "vicreg":
      return (a, b) => {
        const { total, ...parts } = vicReg(a, b);
        return { loss: total, ...parts };
      };
    case "barlow":
      return (a, b) => only(barlowTwins(a, b, { offDiagonal: settings.offDiagonal ?? 0.005 }));
    case "tcr":
      return (a, b) => only(totalCodingRate(a, b, { epsilonSquared, constraint }));
    case "nmce":
      return nmceObjective(caller, settings, columns);
  }
}

function nmceObjective(caller: string, settings: MethodSettings, columns: number): Objective {
  const { epsilonSquared = 0.2, constraint = 30, gumbelTemperature = 1 } = settings;
  const numClusters = checkInteger(caller, "settings.numClusters", settings.numClusters, {
    min: 2,
    below: columns,
  });
  const dim = columns - numClusters;
  const parts = (x: tf.Tensor2D) => tf.split(x, [dim, numClusters], 1) as [tf.Tensor2D, tf.Tensor2D];
  return (a, b, generator) => {
    const [[za, la], [zb, lb]] = [parts(a), parts(b)];
    const options = { epsilonSquared, constraint, gumbelTemperature, generator };
    const { total, reduction, similarity } = nmceLoss({ z: [za, zb], logits: [la, lb] }, options);
    return { loss: total, reduction, similarity };
  };
}
