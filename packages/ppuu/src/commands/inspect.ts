import type { Command } from "@lab/core/experiment";
import { readLog } from "./read-log.js";

/** `lab ppuu inspect FILE` */
export const inspect: Command = {
  path: ["ppuu", "inspect"],
  summary: "Show what a traffic log or a trajectory file holds",
  options: {
    file: { type: "positional", description: "Log (.npz) or trajectory file (.txt, .csv)", required: true },
  },
  async run({ options, print, json, signal, onProgress }) {
    const log = await readLog(String(options.file), signal, onProgress);
    const [frames, scenes, cars] = log.shape;
    let [rows, sum, fastest] = [0, 0, 0];
    for (let i = 0; i < log.present.length; i++) {
      if (!log.present[i]) continue;
      rows++;
      sum += log.v[i]!;
      fastest = Math.max(fastest, log.v[i]!);
    }
    const found = {
      source: log.source,
      frames,
      seconds: Math.round(frames * log.dt * 10) / 10,
      scenes,
      cars,
      lanes: log.road.lanes,
      ring: log.road.ring ?? null,
      rows,
      meanSpeed: rows > 0 ? sum / rows : 0,
      largestSpeed: fastest,
      ...(log.report && { report: log.report }),
    };
    if (json) {
      print(JSON.stringify(found, null, 1));
      return 0;
    }
    print(`${log.source}`);
    print(
      `${scenes} scenes of up to ${cars} cars, ${frames} frames of ${log.dt.toFixed(2)} s (${found.seconds} s)`,
    );
    print(`${log.road.lanes} lanes${log.road.ring ? `, ring of ${log.road.ring} m` : ""}`);
    print(`speed: mean ${found.meanSpeed.toFixed(2)} m/s, largest ${fastest.toFixed(2)} m/s`);
    if (log.report) {
      const { vehicles, duplicates, dropped, gaps, hardBefore, hardAfter } = log.report;
      print(
        `${vehicles} vehicles kept, ${dropped} dropped, ${gaps} interruptions, ${duplicates} repeated rows`,
      );
      print(
        `accelerations above 3 m/s²: ${(100 * hardBefore).toFixed(1)} % as recorded, ${(100 * hardAfter).toFixed(1)} % smoothed`,
      );
    }
    return 0;
  },
};
