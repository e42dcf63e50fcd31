import { ArgumentError } from "@lab/core";
import type { Command } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";
import { auditClasses } from "../audit/audit-classes.js";
import { classSweep } from "../sweep/class-sweep.js";
import { htmlReport } from "./html-report.js";

/** Lower bounds of the crop's area that are swept unless others are given. */
const SCALES = "0.08,0.2,0.4,0.6,0.8,1";

function scalesOf(text: string): number[] {
  const scales = text.split(",").map(Number);
  const isUsable = scales.every((value, i) => value > 0 && value <= 1 && scales.indexOf(value) === i);
  if (scales.length < 2 || !isUsable)
    throw new ArgumentError(
      `run da-imagenet: --scale is "${text}"; two or more shares above 0 and up to 1, with commas, were expected`,
      { argument: "scale", value: text },
    );
  return scales;
}

/** `lab run da-imagenet`: the sweep of the paper at its own scale, outside the gates. */
export const imagenet: Command = {
  path: ["run", "da-imagenet"],
  summary: "Sweep the crop's lower bound on a folder of pictures and audit its classes",
  options: {
    data: {
      type: "string",
      description: "Folder whose train and val have one subfolder of pictures a class",
      required: true,
    },
    scale: {
      type: "string",
      description: "Least shares of the area that crops keep, the largest the reference",
      default: SCALES,
    },
    seeds: { type: "number", description: "Trainings for each share", default: 10 },
    out: { type: "string", description: "Folder for predictions and states", default: "lab-out" },
    depth: { type: "number", description: "Layers of the network: 18, 34 or 50", default: 50 },
    width: { type: "number", description: "Channels of its first stage", default: 64 },
    size: { type: "number", description: "Sides of the views in pixels", default: 160 },
    stored: { type: "number", description: "Sides of the pictures they are cut out of", default: 256 },
    epochs: { type: "number", description: "Passes over the training pictures", default: 88 },
    batch: { type: "number", description: "Pictures of an update", default: 512 },
    html: { type: "string", description: "also write the audit with its figures to this file" },
  },
  async run({ options, runner, signal, onProgress, print, json }) {
    const { data, out, seeds, depth, width, size, stored, epochs, batch } = options;
    const scales = scalesOf(options.scale as string);
    const store = `${out}/da-imagenet`;
    const predictions = await classSweep({
      settings: scales.map((low) => ({ name: low, transform: { crop: { scale: [low, 1] }, flip: 0.5 } })),
      seeds: Array.from({ length: seeds as number }, (_, i) => i),
      handler: "resnet-folder",
      store,
      options: {
        ...{ dir: data, depth, width, size, stored, epochs, batch },
        checkpoints: `${store}/states`,
      },
      runner,
      signal,
      onProgress,
    });
    const audit = auditClasses(predictions, { reference: Math.max(...scales) });
    const markdown = audit.toMarkdown();
    if (options.html !== undefined)
      await atomicWrite(options.html as string, htmlReport(`Crops of ${data}`, markdown, audit.plots()));
    print(json ? JSON.stringify(audit.toJSON()) : markdown.trimEnd());
    return 0;
  },
};
