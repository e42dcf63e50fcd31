import { ArgumentError } from "@lab/core";
import type { Command } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";
import { evaluate } from "../evaluation/evaluate.js";
import { checkCar } from "../log/traffic-log.js";
import { renderEpisode, stripOf, toPng, writeGif, writeSvg } from "../picture/render-episode.js";
import { writeHtml } from "../picture/viewer.js";
import { checkPlace } from "../scene/windows.js";
import { readLog } from "./read-log.js";
import { POLICY_OPTION, readPolicy } from "./read-policy.js";

/** `lab ppuu render LOG` */
export const render: Command = {
  path: ["ppuu", "render"],
  summary: "Draw a car of a log, driven by a policy, as GIF, SVG, PNG or an HTML page",
  options: {
    log: { type: "positional", description: "Log (.npz) or trajectory file (.txt, .csv)", required: true },
    car: { type: "number", description: "Index of the car", required: true },
    scene: { type: "number", description: "Index of the scene", default: 0 },
    frame: { type: "number", description: "Frame to begin with", default: 1 },
    seconds: { type: "number", description: "Seconds to drive at most", default: 10 },
    policy: { ...POLICY_OPTION, default: "replay" },
    mode: {
      type: "string",
      description: "Whether the others follow the log or react",
      choices: ["replay", "reactive"],
      default: "replay",
    },
    out: { type: "string", description: "File to write: .gif, .svg, .png or .html", required: true },
    masks: { type: "boolean", description: "Lay the proximity mask over the picture (GIF, PNG)" },
  },
  async run({ options, init, print, signal, onProgress }) {
    const path = String(options.out);
    const kind = /\.(gif|svg|png|html)$/.exec(path)?.[1];
    if (!kind) {
      throw new ArgumentError(
        `ppuu render: out is ${path}; a name ending in .gif, .svg, .png or .html was expected`,
        {
          argument: "out",
          value: path,
        },
      );
    }
    await init();
    const log = await readLog(String(options.log), signal, onProgress);
    const place = { scene: Number(options.scene), car: Number(options.car), frame: Number(options.frame) };
    checkCar("ppuu render", log, place.scene, place.car);
    checkPlace("ppuu render", log, place, 1, 1);
    const report = await evaluate(await readPolicy("ppuu render", String(options.policy), log), {
      log,
      mode: options.mode as "replay" | "reactive",
      places: [place],
      seed: 0,
      keep: 1,
      limit: Number(options.seconds),
      signal,
      ...(options.policy === "replay" && { clip: false }),
    });
    const episode = report.episodes[0]!;
    const masks = options.masks === true;
    if (kind === "gif") await writeGif(path, await renderEpisode(episode, { masks }));
    if (kind === "html") await writeHtml(path, episode);
    const every = Math.max(1, Math.ceil(episode.recording!.frames.length / 6));
    if (kind === "svg") await writeSvg(path, await renderEpisode(episode, { format: "svg", every }));
    if (kind === "png") {
      await atomicWrite(path, toPng(stripOf((await renderEpisode(episode, { every, masks })).frames)));
    }
    print(
      `${path}: ${episode.outcome} after ${episode.time.toFixed(1)} s and ${episode.distance.toFixed(1)} m`,
    );
    return 0;
  },
};
