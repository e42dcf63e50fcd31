import type { Command } from "@lab/core/experiment";
import { saveLog } from "../log/save-log.js";
import { simulateTraffic } from "../simulation/simulate-traffic.js";

/** `lab ppuu simulate` */
export const simulate: Command = {
  path: ["ppuu", "simulate"],
  summary: "Simulate highway traffic and write it as a log",
  options: {
    out: { type: "string", description: "File to write (.npz)", required: true },
    seconds: { type: "number", description: "Seconds to record", default: 60 },
    scenes: { type: "number", description: "Independent roads", default: 1 },
    seed: { type: "number", description: "Seed of everything", default: 0 },
    geometry: {
      type: "string",
      description: "A ring, or six lanes with an on-ramp",
      choices: ["ring", "i80"],
      default: "ring",
    },
  },
  async run({ options, print, signal, onProgress }) {
    const log = await simulateTraffic({
      seconds: Number(options.seconds),
      scenes: Number(options.scenes),
      seed: Number(options.seed),
      geometry: options.geometry as "ring" | "i80",
      signal,
      onProgress,
    });
    await saveLog(String(options.out), log);
    print(`${String(options.out)}: ${log.shape[1]} scenes, ${log.shape[2]} cars, ${log.shape[0]} frames`);
    return 0;
  },
};
