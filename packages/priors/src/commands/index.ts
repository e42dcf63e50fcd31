/**
 * The `lab priors` commands.
 *
 * @packageDocumentation
 */
import type { Command } from "@lab/core/experiment";
import { resnet } from "@lab/core/nn";
import { convertReferencePrior, inspectPrior, type PriorPrecision, savePrior } from "../file/index.js";

const inspect: Command = {
  path: ["priors", "inspect"],
  summary: "Show what a prior file says about itself, without reading its tensors",
  options: { file: { type: "positional", description: "A file written by savePrior", required: true } },
  async run({ options, print, json }) {
    const manifest = await inspectPrior(String(options.file));
    if (json) {
      print(JSON.stringify(manifest, null, 1));
      return 0;
    }
    print(`${manifest.size} parameters, ${manifest.rank} deviations in ${manifest.precision}`);
    for (const { name, shape } of manifest.layout.entries) print(`  ${name} [${shape.join(",")}]`);
    for (const [name, value] of Object.entries(manifest.metadata)) print(`${name}: ${JSON.stringify(value)}`);
    return 0;
  },
};

const convert: Command = {
  path: ["priors", "convert"],
  summary: "Convert the files of the authors' release (.pt, .npy or safetensors) to a prior file",
  options: {
    mean: { type: "string", description: "File with the mean", required: true },
    variance: { type: "string", description: "File with the variance", required: true },
    covmat: {
      type: "string",
      description: "File with the low-rank factor; without it the prior is diagonal",
    },
    architecture: {
      type: "string",
      description:
        "The network that the vectors are of; without it they stay one flat vector in PyTorch's order",
      choices: ["resnet18", "resnet34", "resnet50"],
    },
    classes: {
      type: "number",
      description: "Classes of its last layer, where the vectors hold that too",
      default: 1000,
    },
    out: { type: "string", description: "File to write", required: true },
    precision: {
      type: "string",
      description: "How deviations are stored",
      choices: ["f32", "f16", "int8"],
      default: "f32",
    },
    licence: { type: "string", description: "Licence of the result" },
  },
  async run({ options, init, print, json }) {
    await init();
    const depth = { resnet18: 18, resnet34: 34, resnet50: 50 }[String(options.architecture)];
    const model =
      depth === undefined
        ? undefined
        : resnet({ depth: depth as 18 | 34 | 50, classes: Number(options.classes) });
    const files = {
      mean: String(options.mean),
      variance: String(options.variance),
      ...(options.covmat === undefined ? {} : { covmat: String(options.covmat) }),
    };
    const prior = await convertReferencePrior(files, model);
    model?.dispose();
    try {
      await savePrior(String(options.out), prior, {
        precision: options.precision as PriorPrecision,
        metadata: {
          convertedFrom: String(options.mean),
          ...(options.licence ? { licence: String(options.licence) } : {}),
        },
      });
      const { size, rank } = prior;
      print(
        json
          ? JSON.stringify({ out: options.out, size, rank })
          : `${options.out}: ${size} parameters, ${rank} deviations`,
      );
    } finally {
      prior.dispose();
    }
    return 0;
  },
};

/** Commands of this package. */
export const commands: readonly Command[] = [inspect, convert];
