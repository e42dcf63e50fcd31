import type { Command } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";
import { buildModel } from "../experiments/train-arm.js";
import type { TracedStep } from "../report/index.js";
import { type Preset, preset } from "../training/index.js";
import { openData } from "./named-data.js";
import { type RunConfig, readJson, writeReport } from "./run-folder.js";

/** Steps between the reports that are kept. */
const TRACE_EVERY = 10;
/** Epochs of the authors' scripts and of the scaled-down protocol. */
const EPOCHS = { mnist: 200, patches: 100, strokes: 75 };

/** `lab sparse train` */
export const train: Command = {
  path: ["sparse", "train"],
  summary: "Train a sparse autoencoder with one of the paper's presets; a run that was stopped goes on",
  options: {
    data: {
      type: "positional",
      description: "strokes, mnist, a .npy matrix, or a folder of pictures (streamed)",
      required: true,
    },
    preset: {
      type: "string",
      description: "The model",
      choices: ["SDL", "SDL-NL", "VDL", "VDL-NL", "none"],
      default: "VDL",
    },
    out: { type: "string", description: "Folder of the run", required: true },
    epochs: { type: "number", description: "Passes over the data; those of the paper by default" },
    count: { type: "number", description: "Training rows; patches of a pass for a folder" },
    sparsity: { type: "number", description: "Weight of the l1 norm; that of the preset by default" },
    official: { type: "boolean", description: "The authors' fixed step of inference", default: false },
    seed: { type: "number", description: "Seed", default: 31 },
  },
  async run({ options, init, print, json, signal, onProgress }) {
    await init();
    const folder = String(options.out);
    const seed = Number(options.seed);
    const count = options.count === undefined ? undefined : Number(options.count);
    const data = await openData(String(options.data), { count, seed, signal });
    const epochs = options.epochs === undefined ? EPOCHS[data.preset] : Number(options.epochs);
    const base = preset(options.preset as Preset, data.preset, { isOfficial: options.official === true });
    const weights = {
      ...base,
      seed,
      ...(options.sparsity === undefined ? {} : { sparsity: Number(options.sparsity) }),
    };
    const model = buildModel(weights, data.test.shape[1], seed);
    const config: RunConfig = { preset: String(options.preset), data: String(options.data), seed };
    if (count !== undefined) config.count = count;
    try {
      await atomicWrite(`${folder}/run.json`, JSON.stringify(config));
      const earlier = await readJson<TracedStep[]>(`${folder}/trace.json`).catch(() => []);
      const trace: TracedStep[] = [];
      const merged = () => [...earlier.filter(({ step }) => step < (trace[0]?.step ?? Infinity)), ...trace];
      const history = await model
        .fit(data.train, {
          epochs,
          validation: data.test,
          signal,
          checkpoint: `${folder}/checkpoint.safetensors`,
          best: `${folder}/best.safetensors`,
          onStep: (step, report) => {
            if (step % TRACE_EVERY === 1) trace.push({ step, ...report });
          },
          onEpoch: ({ epoch, validation }) =>
            onProgress({ done: epoch, total: epochs, message: `validation ${validation!.toPrecision(4)}` }),
        })
        .finally(() => atomicWrite(`${folder}/trace.json`, JSON.stringify(merged())));
      const { weights: bytes } = await model.save();
      await atomicWrite(`${folder}/model.safetensors`, bytes);
      const numbers = await writeReport(folder, model, data, {
        trace: merged(),
        ...{ sigma: 1, seed, title: `${config.preset} on ${config.data}` },
      });
      const best = history.best;
      print(
        json
          ? JSON.stringify({ out: folder, epochs, best: best ?? null, report: numbers })
          : `${folder}: ${history.steps} updates, ${Number(numbers["PSNR, predicted (dB)"]).toFixed(2)} dB at ${(100 * Number(numbers["zeros, predicted"])).toFixed(1)} % zeros; report.html`,
      );
      return 0;
    } finally {
      model.dispose();
      data.dispose();
    }
  },
};
