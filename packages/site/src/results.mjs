import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { renderSvg } from "@lab/core/plot";
import { escapeHtml, layout } from "./layout.mjs";

/** The committed results, each with the addresses of its figures from the root of the site; `write` receives those. */
export function committedResults(folder, write) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")))
    .map((result) => {
      const images = result.figures.map((figure, i) => {
        const address = `results/${result.experiment.replaceAll("/", "-")}-${i + 1}.svg`;
        write(address, renderSvg(figure));
        return { address, title: figure.title ?? result.experiment };
      });
      return { ...result, images };
    });
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
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(label)}"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function section(result) {
  const { experiment, paper, claim, verdict, paperValue, measured, images, notes, versions } = result;
  const pictures = images
    .map(
      ({ address, title }) =>
        `<img class="figure" src="../${address}" alt="${escapeHtml(title)}" loading="lazy" width="640" height="420">`,
    )
    .join("");
  const made = [
    `${result.seeds} seed${result.seeds === 1 ? "" : "s"}, ${result.seconds} s`,
    `${result.backend} on ${result.machine}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
    `<code>${escapeHtml(result.command)}</code>`,
  ];
  return `<section aria-labelledby="${experiment.replaceAll("/", "-")}">
<h2 id="${experiment.replaceAll("/", "-")}">${escapeHtml(paper.title)}</h2>
<p>${escapeHtml(claim)}</p>
<p><span class="verdict ${verdict.replaceAll(" ", "-")}">${verdict}</span> ${escapeHtml(measured)}</p>
${paperValue ? `<p class="faint">The paper: ${escapeHtml(paperValue)}</p>` : ""}
${pictures}
${table(result.table, `Figures of ${experiment}`)}
<ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join("")}</ul>
<p class="faint">${made.join("; ")}</p>
</section>`;
}

/** Every committed result: claim, verdict, figures, table, and how to compute it again. */
export function resultsPage(results) {
  const body = `<h1>Results</h1>
<p class="lead">What became of each paper's main claim at a size that two processor cores compute in half a minute. Verdicts follow from the tables by gates that stand in the code.</p>
${results.map(section).join("\n")}`;
  return layout({
    title: "Results",
    body,
    depth: 1,
    description: "The main claims of ten papers, computed with the packages.",
  });
}
