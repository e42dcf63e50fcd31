import type { Command } from "@lab/core/experiment";
import { denoise } from "../evaluation/index.js";
import { openData } from "./named-data.js";
import { type RunConfig, readJson, readModel } from "./run-folder.js";

/** `lab sparse denoise` */
export const denoiseCommand: Command = {
  path: ["sparse", "denoise"],
  summary: "Measure how a trained sparse autoencoder takes noise out of held-out data",
  options: {
    run: { type: "positional", description: "Folder of the run", required: true },
    sigma: { type: "number", description: "Deviation of the noise, in standardised units", default: 1 },
    codes: {
      type: "string",
      description: "Where codes come from",
      choices: ["encoder", "inference"],
      default: "encoder",
    },
    seed: { type: "number", description: "Seed of the noise", default: 0 },
  },
  async run({ options, init, print, json, signal }) {
    await init();
    const folder = String(options.run);
    const config = await readJson<RunConfig>(`${folder}/run.json`);
    const data = await openData(config.data, { ...config, signal });
    const model = await readModel(folder).catch((error) => {
      data.dispose();
      throw error;
    });
    try {
      const result = await denoise(model, data.test, {
        sigma: Number(options.sigma),
        seed: Number(options.seed),
        codes: options.codes as "encoder" | "inference",
        scale: data.scale,
      });
      print(
        json
          ? JSON.stringify(result)
          : `noisy ${result.noisyPsnr.toFixed(2)} dB, denoised ${result.denoisedPsnr.toFixed(2)} dB, from clean data ${result.cleanPsnr.toFixed(2)} dB`,
      );
      return 0;
    } finally {
      model.dispose();
      data.dispose();
    }
  },
};
