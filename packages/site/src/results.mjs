import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { renderSvg } from "@lab/core/plot";
import { escapeHtml, layout } from "./layout.mjs";

/** Widths at which a figure is drawn: its letters stay legible on a phone and on a card. */
const WIDE = 640;
const NARROW = 360;

/** The committed results, each with the addresses of its figures from the root of the site; `write` receives those. */
export function committedResults(folder, write) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")))
    .map((result) => ({
      ...result,
      images: result.figures.map((figure, i) => image(result, figure, i, write)),
    }));
}

/** Draws a figure at both widths in both colour schemes. */
function image({ experiment, mode }, figure, index, write) {
  const name = `results/${experiment.replaceAll("/", "-")}-${mode}-${index + 1}`;
  const sizes = {};
  for (const width of [WIDE, NARROW]) {
    for (const theme of ["light", "dark"]) {
      const svg = renderSvg(figure, { width, theme });
      write(`${name}-${width}-${theme}.svg`, svg);
      sizes[width] = Number(/ height="([\d.]+)"/.exec(svg)[1]);
    }
  }
  return { name, title: figure.title ?? experiment, sizes };
}

/** The figure for the visitor's colours and width; on a card always the narrow one. */
export function picture({ name, title, sizes }, root, isCard) {
  const at = (width, theme) => `${root}${name}-${width}-${theme}.svg`;
  const width = isCard ? NARROW : WIDE;
  const narrow = [
    `<source media="(max-width: 40rem) and (prefers-color-scheme: dark)" srcset="${at(NARROW, "dark")}" width="${NARROW}" height="${sizes[NARROW]}">`,
    `<source media="(max-width: 40rem)" srcset="${at(NARROW, "light")}" width="${NARROW}" height="${sizes[NARROW]}">`,
  ];
  return (
    `<picture>${isCard ? "" : narrow.join("")}<source media="(prefers-color-scheme: dark)" srcset="${at(width, "dark")}">` +
    `<img class="figure" src="${at(width, "light")}" alt="${escapeHtml(title)}" loading="lazy" width="${width}" height="${sizes[width]}"></picture>`
  );
}

const cell = (value) => {
  if (value === null || value === undefined) return "–";
  return typeof value === "number" && !Number.isInteger(value)
    ? String(Number(value.toPrecision(4)))
    : escapeHtml(String(value));
};

function table(rows, label) {
  if (rows.length === 0) return "";
  const names = Object.keys(rows[0]);
  const head = names.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("");
  const body = rows
    .map((row) => `<tr>${names.map((name) => `<td>${cell(row[name])}</td>`).join("")}</tr>`)
    .join("");
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(label)}"><table class="data"><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const SIZES = { quick: "Quick run", full: "Full run", paper: "At the paper's scale" };

/** One mode of an experiment: verdict, figures, table, and how to compute it again. */
function run(result) {
  const { experiment, mode, verdict, measured, images, notes, versions } = result;
  const pictures = images.map((each) => picture(each, "../", false)).join("");
  const made = [
    `${result.seeds} seed${result.seeds === 1 ? "" : "s"}, ${result.seconds} s`,
    `${result.backend} on ${result.machine}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
    `<code>${escapeHtml(result.command)}</code>`,
  ];
  return `<h3>${SIZES[mode]}</h3>
<p><span class="verdict ${verdict.replaceAll(" ", "-")}">${verdict}</span> ${escapeHtml(measured)}</p>
${pictures}
${table(result.table, `Figures of ${experiment}, ${mode}`)}
<ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join("")}</ul>
<p class="faint">${made.join("; ")}</p>`;
}

/** A paper with every run of its main experiment. */
function section(runs) {
  const [{ experiment, paper, claim, paperValue }] = runs;
  const id = experiment.replaceAll("/", "-");
  const missing = runs.some(({ mode }) => mode === "full")
    ? ""
    : `<p class="faint">The full run is not here yet: <code>lab run ${escapeHtml(experiment)} --full</code> computes it; stopped, the same command goes on.</p>`;
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(paper.title)}</h2>
<p>${escapeHtml(claim)}</p>
${paperValue ? `<p class="faint">The paper: ${escapeHtml(paperValue)}</p>` : ""}
${runs.map(run).join("\n")}
${missing}
</section>`;
}

/** Every committed result: claim, verdict, figures, table, and how to compute it again. */
export function resultsPage(results) {
  const modes = Object.keys(SIZES);
  const sorted = [...results].sort((a, b) => modes.indexOf(a.mode) - modes.indexOf(b.mode));
  const names = [...new Set(sorted.map(({ experiment }) => experiment))];
  const papers = names.map((name) => sorted.filter(({ experiment }) => experiment === name));
  const full = papers.filter((runs) => runs.some(({ mode }) => mode === "full"));
  const body = `<h1>Results</h1>
<p class="lead">What became of each paper's main claim: in quick runs, which two processor cores compute in half a minute each, and in full runs with several seeds and tighter gates, which take minutes to hours. Verdicts follow from the tables by gates that stand in the code.</p>
<p>${full.length} of ${papers.length} full runs are here${full.length > 0 ? `: ${full.map(([{ experiment }]) => `<a href="#${experiment.replaceAll("/", "-")}">${escapeHtml(experiment)}</a>`).join(", ")}` : ""}.</p>
${papers.map(section).join("\n")}`;
  return layout({
    title: "Results",
    body,
    depth: 1,
    description: "The main claims of ten papers, computed with the packages.",
  });
}
