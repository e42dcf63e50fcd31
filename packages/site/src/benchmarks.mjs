import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { escapeHtml, layout } from "./layout.mjs";

/** The committed timings: `docs/results/bench/*.json`, a report or a list of reports in each. */
export function committedBenchmarks(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const reports = JSON.parse(readFileSync(join(folder, name), "utf8"));
      for (const report of [reports].flat())
        if (!report.package || !report.machine || !report.versions || !Array.isArray(report.rows))
          throw new Error(
            `${name}: not what a bench writes; package, machine, versions and rows were expected`,
          );
      return reports;
    })
    .sort((a, b) => a.package.localeCompare(b.package));
}

const three = (value) => {
  if (value === undefined) return "–";
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(3)));
};

/** What a row costs in units of its rival; below 1 we are cheaper. `undefined` without a rival. */
export function costOf({ ratio, moreIsBetter }) {
  return ratio === undefined || !moreIsBetter ? ratio : 1 / ratio;
}

/** Decades to each side of 1 that the small figures show. */
const DECADES = 4;
const HALF = 60;

/** A bar from 1 to the cost on a logarithmic scale, to the left where we are cheaper. */
function costFigure(cost) {
  const end = HALF * (1 + Math.max(-1, Math.min(1, Math.log10(cost) / DECADES)));
  const [from, to] = [Math.min(HALF, end), Math.max(HALF, end)];
  const ticks = Array.from({ length: 2 * DECADES + 1 }, (_, i) => (i * HALF) / DECADES);
  const lines = ticks.map((x) => `<path class="${x === HALF ? "one" : "tick"}" d="M${x} 0V16"/>`).join("");
  return (
    `<svg class="cost" viewBox="-2 0 ${2 * HALF + 4} 16" width="${2 * HALF + 4}" height="16" role="img" aria-label="${three(cost)} times the rival">` +
    `${lines}<rect class="${cost <= 1 ? "less" : "more"}" x="${from}" y="4" width="${Math.max(1.5, to - from)}" height="8"/></svg>`
  );
}

function row(each) {
  const cost = costOf(each);
  const unit = escapeHtml(each.unit);
  const verdict =
    each.met === undefined
      ? ""
      : `<span class="verdict ${each.met ? "reproduced" : "failed"}">${each.met ? "met" : "missed"}</span>`;
  const note = each.note ? `<br><span class="faint">${escapeHtml(each.note)}</span>` : "";
  return `<tr><th scope="row">${escapeHtml(`${each.section}: ${each.name}`)}${note}</th>
<td>${three(each.ours)} ${unit}<br><span class="faint">± ${Math.round(50 * each.spread)} %</span></td>
<td>${each.rival === undefined ? "–" : `${three(each.rival)} ${unit}`}<br><span class="faint">${escapeHtml(each.rivalName ?? "")}</span></td>
<td>${cost === undefined ? "–" : `${three(cost)}<br>${costFigure(cost)}`}</td>
<td>${escapeHtml(each.bar ?? "")} ${verdict}</td></tr>`;
}

function section({ package: name, machine, versions, rows, skipped, peakMegabytes }) {
  const id = `bench-${name.replace(/\W+/g, "-")}`;
  const short = name.replace("@lab/", "");
  const left = skipped.map(
    ({ section: part, name: what, reason }) =>
      `<li>Not measured: ${escapeHtml(`${part}: ${what} (${reason})`)}</li>`,
  );
  const peaks = Object.entries(peakMegabytes).map(([part, size]) => `${part} ${size} MB`);
  const found = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(name)}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Measurements of ${escapeHtml(name)}"><table class="bench">
<thead><tr><th scope="col">what</th><th scope="col">ours (spread)</th><th scope="col">rival</th><th scope="col">cost, ours ÷ rival</th><th scope="col">bar</th></tr></thead>
<tbody>${rows.map(row).join("\n")}</tbody></table></div>
${left.length > 0 ? `<ul>${left.join("")}</ul>` : ""}
<p class="faint">Peak memory of a process: ${escapeHtml(peaks.join(", "))}. ${escapeHtml(machine)}; ${escapeHtml(found.join(", "))}; <code>npm run bench -- --only ${escapeHtml(short)} --json new.json</code></p>
</section>`;
}

/** Every committed measurement: ours, the rival of the same run, what it costs in units of that, and the bar. */
export function benchmarksPage(reports) {
  const rows = reports.flatMap(({ rows }) => rows);
  const judged = rows.filter(({ met }) => typeof met === "boolean");
  const body = `<h1>Benchmarks</h1>
<p class="lead">Ours beside a named rival in the same run, on the machine that each table names. ${judged.filter(({ met }) => met).length} of ${judged.length} bars are met; what is missed stands here too.</p>
<p>The little figures show the cost on a logarithmic scale from 1/10 000 to 10 000 times the rival, a line for each factor of ten: bars to the left of the middle mean that ours costs less.</p>
${reports.length === 0 ? "<p>No measurements are committed yet: <code>npm run bench</code> makes them.</p>" : reports.map(section).join("\n")}`;
  return layout({
    title: "Benchmarks",
    body,
    depth: 1,
    description: "Measured costs of the packages beside named rivals.",
  });
}
