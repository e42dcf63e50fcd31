import type { Entry } from "./entry.js";
import { escapeHtml } from "./html.js";
import { section } from "./section.js";
import { style } from "./style.js";

const verdictOf = ({ summary, failure }: Entry) =>
  failure !== undefined ? "did not run" : (summary?.verdict ?? "–");
const classOf = (entry: Entry) => `verdict ${verdictOf(entry).replaceAll(" ", "-")}`;

function overview(entries: readonly Entry[]): string {
  const rows = entries
    .map((entry) => {
      const { experiment } = entry.registered;
      return (
        `<tr><td><a href="#${escapeHtml(experiment.name)}">${escapeHtml(experiment.paper.title)}</a></td>` +
        `<td>${escapeHtml(experiment.claim)}</td>` +
        `<td><span class="${classOf(entry)}">${verdictOf(entry)}</span></td></tr>`
      );
    })
    .join("");
  return `<div class="scroll" tabindex="0" role="region" aria-label="Overview"><table class="overview"><thead><tr><th>Paper</th><th>Claim</th><th>Verdict</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/**
 * The whole report as one HTML document without scripts or outside files.
 *
 * @param entries - What ran, in order.
 * @param date - When the report is made.
 */
export function reportPage(entries: readonly Entry[], date: Date): string {
  const reproduced = entries.filter((entry) => verdictOf(entry) === "reproduced").length;
  const device = entries.flatMap((entry) => entry.runs)[0]?.device;
  const computed = device ? ` Computed on ${escapeHtml(device.backend)} (${escapeHtml(device.name)}).` : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>lab report</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1>Claims of deep-learning papers, checked here</h1>
<p>${reproduced} of ${entries.length} claims reproduced. Each verdict is computed from the rows below it by the gate that its package states. Report of ${date.toISOString().slice(0, 10)}.${computed}</p>
${overview(entries)}
${entries.map(section).join("\n")}
</main>
</body>
</html>
`;
}
