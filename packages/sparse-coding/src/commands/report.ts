import type { Command } from "@lab/core/experiment";
import type { CurvePoint } from "../evaluation/index.js";
import type { TracedStep } from "../report/index.js";
import { openData } from "./named-data.js";
import { type RunConfig, readJson, readModel, writeReport } from "./run-folder.js";

/** `lab sparse report` */
export const report: Command = {
  path: ["sparse", "report"],
  summary: "Write the page of a run again, with a curve of quality against sparsity where one was computed",
  options: {
    run: { type: "positional", description: "Folder of the run", required: true },
    curve: { type: "string", description: "Folder of lab sparse curve" },
    sigma: { type: "number", description: "Deviation of the noise that is removed", default: 1 },
  },
  async run({ options, init, print, json, signal }) {
    await init();
    const folder = String(options.run);
    const config = await readJson<RunConfig>(`${folder}/run.json`);
    const trace = await readJson<TracedStep[]>(`${folder}/trace.json`).catch(() => []);
    const points =
      options.curve === undefined
        ? undefined
        : await readJson<CurvePoint[]>(`${String(options.curve)}/points.json`);
    const data = await openData(config.data, { ...config, signal });
    const model = await readModel(folder).catch((error) => {
      data.dispose();
      throw error;
    });
    try {
      const numbers = await writeReport(folder, model, data, {
        trace,
        ...(points ? { points } : {}),
        ...{ sigma: Number(options.sigma), seed: config.seed, title: `${config.preset} on ${config.data}` },
      });
      print(json ? JSON.stringify(numbers) : `${folder}/report.html`);
      return 0;
    } finally {
      model.dispose();
      data.dispose();
    }
  },
};
