import type { Row } from "@lab/core/experiment";
import { renderSvg } from "@lab/core/plot";
import { commandText } from "../commands/experiment-options.js";
import { cellText, columnsOf } from "../experiments/table.js";
import type { Entry } from "./entry.js";
import { escapeHtml } from "./html.js";

function table(rows: readonly Row[], label: string): string {
  if (rows.length === 0) return "";
  const columns = columnsOf(rows);
  const isNumeric = (column: string) =>
    rows.every((row) => row[column] === null || typeof row[column] !== "string");
  const kind = (column: string) => (isNumeric(column) ? ' class="number"' : "");
  const head = columns.map((column) => `<th${kind(column)}>${escapeHtml(column)}</th>`).join("");
  const body = rows
    .map(
      (row) =>
        `<tr>${columns.map((column) => `<td${kind(column)}>${escapeHtml(cellText(row[column]))}</td>`).join("")}</tr>`,
    )
    .join("");
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(label)}"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function facts({ registered, mode, runs }: Entry): string {
  const [first] = runs;
  if (!first) return "";
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  const versions = Object.entries(first.versions).map(([name, version]) => `${name} ${version}`);
  const entries: [string, string][] = [
    ["seeds", runs.map((run) => run.seed).join(", ")],
    ["time", `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`],
    ["data", first.data === "looked up" ? "found by the loaders or generated" : "from the folder given"],
    ["backend", `${first.device.backend} ${first.device.version}, ${first.device.name}`],
    ["versions", versions.join(", ")],
    ["again", commandText(registered.experiment.name, mode, runs.length)],
  ];
  const list = entries.map(([term, text]) => `<dt>${term}</dt><dd>${escapeHtml(text)}</dd>`).join("");
  return `<details><summary>How it was computed</summary><dl>${list}</dl></details>`;
}

/** One experiment: claim, verdict, figures, table, notes, and how to repeat it. */
export function section(entry: Entry): string {
  const { experiment } = entry.registered;
  const { paper } = experiment;
  const source = `${paper.authors} (${paper.year}), arXiv ${paper.arxiv}`;
  const head =
    `<h2>${escapeHtml(paper.title)}</h2><p class="source">${escapeHtml(source)}</p>` +
    `<p class="claim">${escapeHtml(experiment.claim)}</p>`;
  const { summary } = entry;
  if (summary === undefined) {
    const reason = escapeHtml(entry.failure ?? "");
    return `<section id="${escapeHtml(experiment.name)}">${head}<p><span class="verdict did-not-run">did not run</span> ${reason}</p></section>`;
  }
  const verdict = `<span class="verdict ${summary.verdict.replaceAll(" ", "-")}">${summary.verdict}</span>`;
  const values =
    `<dl class="values">${summary.paperValue ? `<dt>paper</dt><dd>${escapeHtml(summary.paperValue)}</dd>` : ""}` +
    `<dt>here</dt><dd>${escapeHtml(summary.measured)}</dd><dt>verdict</dt><dd>${verdict}</dd></dl>`;
  const figures = summary.figures.map((figure) => `<figure>${renderSvg(figure)}</figure>`).join("");
  const notes = summary.notes.map((note) => `<li>${escapeHtml(note)}</li>`).join("");
  return (
    `<section id="${escapeHtml(experiment.name)}">${head}${values}<div class="figures">${figures}</div>` +
    `${table(summary.table, `Table of ${experiment.name}`)}${notes ? `<ul class="notes">${notes}</ul>` : ""}${facts(entry)}</section>`
  );
}
