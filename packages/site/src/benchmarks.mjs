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
  if (typeof value !== "number")
    return value === null || value === undefined ? "–" : escapeHtml(String(value));
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(3)));
};

/** What a row costs in units of its rival; below 1 we are cheaper. `undefined` without a rival. */
export function costOf({ ours, rival, unit, moreIsBetter }) {
  if (!Number.isFinite(ours) || !Number.isFinite(rival) || ours <= 0 || rival <= 0) return undefined;
  return (moreIsBetter ?? /\/s$/.test(unit ?? "")) ? rival / ours : ours / rival;
}

/** The bar in words; a bare number bounds the ratio, or the value where there is no rival. */
function barText({ bar, unit, ratio }) {
  if (bar === null || bar === undefined) return "";
  if (typeof bar === "number") return `≤ ${bar}${ratio === null ? ` ${unit}` : " × the rival"}`;
  return String(bar).replaceAll("<=", "≤").replaceAll(">=", "≥");
}

function spreadText({ spread, unit }) {
  if (Array.isArray(spread)) return `${three(spread[0])} to ${three(spread[1])} ${unit ?? ""}`;
  return typeof spread === "number" ? `± ${Math.round(50 * spread)} %` : "";
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
  const verdict =
    typeof each.met === "boolean"
      ? `<span class="verdict ${each.met ? "reproduced" : "failed"}">${each.met ? "met" : "missed"}</span>`
      : "";
  const note = each.note ?? each.notes;
  const name = each.section ? `${each.section}: ${each.name}` : each.name;
  return `<tr><th scope="row">${escapeHtml(name)}${note ? `<br><span class="faint">${escapeHtml(note)}</span>` : ""}</th>
<td>${three(each.ours)} ${escapeHtml(each.unit ?? "")}<br><span class="faint">${escapeHtml(spreadText(each))}</span></td>
<td>${each.rival === null || each.rival === undefined ? "–" : `${three(each.rival)} ${escapeHtml(each.unit ?? "")}`}<br><span class="faint">${escapeHtml(each.rivalName ?? "")}</span></td>
<td>${cost === undefined ? "–" : `${three(cost)}<br>${costFigure(cost)}`}</td>
<td>${escapeHtml(barText(each))} ${verdict}</td></tr>`;
}

const machineText = (machine) =>
  typeof machine === "string"
    ? machine
    : Object.entries(machine)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ");

function section({ package: name, machine, versions, rows, skipped = [] }) {
  const id = `bench-${name.replace(/\W+/g, "-")}`;
  const short = name.replace("@lab/", "");
  const left = skipped.map(
    ({ section, name: what, why, reason }) =>
      `<li>Not measured: ${escapeHtml([section, what].filter(Boolean).join(": "))} (${escapeHtml(why ?? reason ?? "")})</li>`,
  );
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(name)}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Measurements of ${escapeHtml(name)}"><table class="bench">
<thead><tr><th scope="col">what</th><th scope="col">ours (range)</th><th scope="col">rival</th><th scope="col">cost, ours ÷ rival</th><th scope="col">bar</th></tr></thead>
<tbody>${rows.map(row).join("\n")}</tbody></table></div>
${left.length > 0 ? `<ul>${left.join("")}</ul>` : ""}
<p class="faint">${escapeHtml(machineText(machine))}; ${escapeHtml(
    Object.entries(versions)
      .map(([what, version]) => `${what} ${version}`)
      .join(", "),
  )}; <code>npm run bench -- --only ${escapeHtml(short)} --json new.json</code></p>
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
