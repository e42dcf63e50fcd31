import { atomicWrite } from "@lab/core/io";
import type { EpisodeResult } from "../evaluation/run-group.js";
import { picturesOf } from "./render-episode.js";
import { COLOURS } from "./shapes.js";
import { VIEWER_SCRIPT, VIEWER_STYLE } from "./viewer-page.js";

/** Options of {@link episodeHtml}. */
export interface EpisodeHtmlOptions {
  /** Headline. @defaultValue scene and car of the episode */
  title?: string;
}

const escapeHtml = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);

/**
 * A page that plays an episode: play, pause, step, scrub, and follow any car by clicking on it. It needs no network.
 *
 * @param episode - An episode that `evaluate` kept.
 * @param options - See {@link EpisodeHtmlOptions}.
 * @returns A complete HTML document.
 * @throws {@link ArgumentError} when the episode was not recorded.
 */
export function episodeHtml(episode: EpisodeResult, options: EpisodeHtmlOptions = {}): string {
  const { pictures, dt } = picturesOf(episode);
  const title = options.title ?? `Scene ${episode.place.scene}, car ${episode.place.car}`;
  const round = (values: readonly number[]) => values.map((value) => Math.round(value * 1000) / 1000);
  const data = {
    dt,
    road: pictures[0]!.road,
    size: round(pictures[0]!.size),
    outcome: episode.outcome,
    colours: COLOURS,
    frames: pictures.map(({ frame }) => ({
      ego: round(frame.ego),
      recorded: frame.recorded && round(frame.recorded),
      cars: frame.cars.map(round),
    })),
  };
  // A closing tag within the data would end the script.
  const json = JSON.stringify(data).replace(/</g, "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${VIEWER_STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<canvas id="view" tabindex="0" role="img" aria-label="Traffic from above; click a car to follow it"></canvas>
<div class="bar">
<button id="play" type="button" aria-pressed="false">Play</button>
<button id="back" type="button" aria-label="One step back">&#9664;</button>
<button id="next" type="button" aria-label="One step forward">&#9654;</button>
<input id="time" type="range" min="0" value="0" aria-label="Moment">
<label>Speed <select id="speed"><option value="0.5">0.5×</option><option value="1" selected>1×</option><option value="2">2×</option><option value="4">4×</option></select></label>
<label>Follow <select id="follow"></select></label>
</div>
<output id="status" aria-live="polite"></output>
<p class="keys">Space plays and pauses, the arrow keys step, a click on a car follows it. Orange: the policy's car; grey: the recorded car; blue: the others.</p>
</main>
<script id="episode" type="application/json">${json}</script>
<script>${VIEWER_SCRIPT}</script>
</body>
</html>
`;
}

/**
 * Writes the page of {@link episodeHtml}.
 *
 * @param path - The file.
 * @param episode - An episode that `evaluate` kept.
 * @param options - See {@link EpisodeHtmlOptions}.
 * @throws {@link DataError} when the file cannot be written.
 */
export async function writeHtml(
  path: string,
  episode: EpisodeResult,
  options: EpisodeHtmlOptions = {},
): Promise<void> {
  await atomicWrite(path, episodeHtml(episode, options));
}
