// Rows as a table, as a figure, and against those of an earlier run.

/** Changes smaller than this are noise on any machine. */
const QUIET = 0.1;

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[0])))
        .join("  "),
    )
    .join("\n");
}

const shown = (value, unit = "") => (value === undefined ? "" : `${value}${unit && ` ${unit}`}`);

/** A table for people, and below it the memory of each section and what was left out and why. */
export function tableOf({ machine, versions, rows, skipped, peakMegabytes }) {
  const cells = rows.map((row) => [
    `${row.section}: ${row.name}`,
    shown(row.ours, row.unit),
    shown(row.rival, row.unit),
    row.rivalName ?? "",
    shown(row.ratio),
    `±${Math.round(50 * row.spread)} %`,
    row.bar ?? "",
    row.met === undefined ? "" : row.met ? "met" : "MISSED",
  ]);
  const head = ["", "ours", "rival", "", "ratio", "spread", "bar", ""];
  const names = Object.entries(versions).map(([name, value]) => `${name} ${value}`);
  const notes = rows.flatMap(({ name, note }) => (note ? [`${name}: ${note}`] : []));
  const peaks = Object.entries(peakMegabytes).map(([section, size]) => `${section} ${size} MB`);
  const rest = skipped.map(({ section, name, reason }) => `left out: ${section}: ${name}: ${reason}`);
  return [
    `${machine}; ${names.join(", ")}`,
    aligned([head, ...cells]),
    ...notes,
    `peak memory: ${peaks.join(", ")}`,
    ...rest,
  ].join("\n");
}

const ROW = 18;
const LABELS = 470;
const WIDTH = 420;

const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

/** Ratios against the rivals as bars around 1 on a logarithmic axis, as SVG; what costs less than the rival is green. */
export function figureOf(reports) {
  const compared = rowsOf(reports).filter((row) => row.ratio !== undefined);
  const costs = compared.map((row) => Math.log10(row.moreIsBetter ? 1 / row.ratio : row.ratio));
  const limit = Math.ceil(Math.max(1, ...costs.map(Math.abs)));
  const x = (value) => LABELS + WIDTH * (0.5 + value / (2 * limit));
  const height = ROW * (compared.length + 3);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LABELS + WIDTH + 60}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="8" y="14" font-weight="bold">cost over the rivals; ${escaped(reports[0].machine)}</text>`,
  ];
  for (let power = -limit; power <= limit; power++) {
    const at = x(power);
    lines.push(
      `<line x1="${at}" x2="${at}" y1="${ROW}" y2="${height - ROW}" stroke="${power ? "#ddd" : "#000"}"/>`,
      `<text x="${at}" y="${height - 5}" text-anchor="middle">×${Number((10 ** power).toPrecision(1))}</text>`,
    );
  }
  for (const [index, row] of compared.entries()) {
    const y = ROW * (index + 1.2);
    const [from, to] = [Math.min(x(0), x(costs[index])), Math.max(x(0), x(costs[index]))];
    const label = escaped(row.key.slice(0, 84));
    lines.push(
      `<text x="${LABELS - 8}" y="${y + 11}" text-anchor="end">${label}</text>`,
      `<rect x="${from}" y="${y}" width="${Math.max(1, to - from)}" height="${ROW - 5}" fill="${costs[index] <= 0 ? "#2a9d5c" : "#c8553d"}"/>`,
      `<text x="${to + 4}" y="${y + 11}">${Number((10 ** costs[index]).toPrecision(2))}</text>`,
    );
  }
  return `${lines.join("\n")}\n</svg>\n`;
}

/** Worsening of a row: of the ratio where both runs had the rival, else of the figure itself. */
function changeOf(before, now) {
  const hasRatios = before.ratio !== undefined && now.ratio !== undefined;
  const change = hasRatios ? now.ratio / before.ratio : now.ours / before.ours;
  return now.moreIsBetter ? 1 / change : change;
}

/** Rows of all reports with a name of their own. */
const rowsOf = (reports) =>
  reports.flatMap(({ package: name, rows }) =>
    rows.map((row) => ({
      ...row,
      key: `${name.replace("@lab/", "")}: ${row.section}: ${row.name}${row.rivalName ? ` / ${row.rivalName}` : ""}`,
    })),
  );

/** Reports of two runs; worse beyond the noise is a regression. */
export function compareRuns(before, now) {
  const old = new Map(rowsOf(before).map((row) => [row.key, row]));
  const lines = [];
  let regressions = 0;
  for (const row of rowsOf(now)) {
    const earlier = old.get(row.key);
    old.delete(row.key);
    if (!earlier) {
      lines.push([row.key, "", "new"]);
      continue;
    }
    const change = changeOf(earlier, row);
    const noise = Math.max(QUIET, Math.hypot(earlier.spread, row.spread));
    const verdict = change > 1 + noise ? "REGRESSION" : change < 1 / (1 + noise) ? "better" : "same";
    if (verdict === "REGRESSION") regressions++;
    lines.push([row.key, `×${change.toFixed(2)} (noise ${Math.round(100 * noise)} %)`, verdict]);
  }
  for (const name of old.keys()) lines.push([name, "", "not measured now"]);
  return { text: aligned([["against the earlier run", "cost", ""], ...lines]), regressions };
}
