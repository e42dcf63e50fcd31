import type { Command } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";
import { evaluate as drive } from "../evaluation/evaluate.js";
import { subsampleLog } from "../log/traffic-log.js";
import { EVERY_OPTION, readLog } from "./read-log.js";
import { POLICY_OPTION, readPolicy } from "./read-policy.js";

/** `lab ppuu evaluate LOG` */
export const evaluate: Command = {
  path: ["ppuu", "evaluate"],
  summary: "Put a policy in the place of recorded cars and count what happens",
  options: {
    log: { type: "positional", description: "Log (.npz) or trajectory file (.txt, .csv)", required: true },
    policy: { ...POLICY_OPTION, required: true },
    mode: {
      type: "string",
      description: "Whether the others follow the log or react",
      choices: ["replay", "reactive"],
      default: "replay",
    },
    episodes: { type: "number", description: "Episodes", default: 144 },
    seconds: {
      type: "number",
      description: "Seconds of an episode at most; by the log where it is left out",
    },
    metres: { type: "number", description: "Metres to go; by the log where it is left out" },
    every: EVERY_OPTION,
    seed: { type: "number", description: "Seed of the draw of episodes", default: 0 },
    out: { type: "string", description: "Folder of finished episodes, from which a stopped run goes on" },
  },
  async run({ options, init, runner, print, json, signal, onProgress }) {
    await init();
    const log = subsampleLog(await readLog(String(options.log), signal, onProgress), Number(options.every));
    const policy = await readPolicy("ppuu evaluate", String(options.policy), log);
    const { out, seconds, metres } = options;
    try {
      const report = await drive(policy, {
        log,
        mode: options.mode as "replay" | "reactive",
        episodes: Number(options.episodes),
        seed: Number(options.seed),
        // Replayed actions need the log itself and stay in this process.
        ...(options.policy === "replay" ? { clip: false } : { runner }),
        ...(out !== undefined && options.policy !== "replay" && { store: `${String(out)}/episodes` }),
        ...(seconds !== undefined && { limit: Number(seconds) }),
        ...(metres !== undefined && { destination: Number(metres) }),
        signal,
        on: ({ done, total }) => onProgress({ done, total, message: "episodes" }),
      });
      if (out !== undefined) await atomicWrite(`${String(out)}/report.json`, JSON.stringify(report));
      const { episodes, ...shares } = report;
      if (json) {
        print(JSON.stringify({ ...shares, episodes: episodes.length }));
        return 0;
      }
      const percent = (share: number) => (100 * share).toFixed(1);
      const [low, high] = report.success.interval;
      print(
        `success ${percent(report.success.mean)} % (${percent(low)} to ${percent(high)}) of ${episodes.length} episodes, ${report.mode}`,
      );
      for (const [outcome, { mean }] of Object.entries(report.outcomes))
        print(`${outcome}: ${percent(mean)} %`);
      return 0;
    } finally {
      (policy as { dispose?: () => void }).dispose?.();
    }
  },
};
