import { renderSvg } from "@lab/core/plot";
import { Distances } from "../hull/distances.js";
import type { Membership } from "../hull/membership.js";
import { distanceHistogram, stageFunnel } from "./plots.js";

/** Options of {@link report}. */
export interface ReportOptions {
  /** Headline. @defaultValue `"Membership in the convex hull"` */
  title?: string;
}

/**
 * One self-contained HTML page: counts, rate with its interval, cost, figures. No script, no outside address.
 *
 * @param membership - Result of `contains` or `distance`; the latter adds a histogram.
 */
export function report(membership: Membership, options: ReportOptions = {}): string {
  const { rate, stats } = membership;
  const title = escaped(options.title ?? "Membership in the convex hull");
  const rows: [string, string][] = [
    ["queries", `${rate.total}`],
    ["inside", `${rate.inside} (${rate.duplicates} equal to a row)`],
    ["outside", `${rate.outside}`],
    ["undecided", `${rate.boundary}`],
    [
      "rate",
      `${percent(rate.rate)} (95 %: ${percent(rate.interval[0])} to ${percent(rate.interval[1])}, the points given)`,
    ],
    ["proofs", proofs(membership)],
    [
      "passes",
      `${stats.passes} at most; ${stats.meanPasses.toFixed(2)} on average where one direction was not enough`,
    ],
    ["score pass", `${stats.engine}, ${(stats.flops / 1e9).toPrecision(3)} GFLOP`],
    ...stats.warnings.map((warning): [string, string] => ["note", warning]),
  ];
  const figures = [stageFunnel(membership)];
  if (membership instanceof Distances) figures.push(distanceHistogram(membership));
  const table = rows
    .map(([name, value]) => `<tr><th>${escaped(name)}</th><td>${escaped(value)}</td></tr>`)
    .join("");
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>`,
    "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}",
    "th{text-align:left;padding-right:1rem;vertical-align:top}</style></head><body>",
    `<h1>${title}</h1><table>${table}</table>`,
    ...figures.map((figure) => `<figure>${renderSvg(figure)}</figure>`),
    "</body></html>",
  ].join("\n");
}

function proofs(membership: Membership): string {
  const counts = new Map<string, number>();
  for (const certificate of membership.certificates()) {
    const name = certificate.kind === "boundary" ? "undecided" : `${certificate.kind} ${certificate.proof}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
}

const percent = (value: number) => `${Math.round(1e4 * value) / 100} %`;

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
