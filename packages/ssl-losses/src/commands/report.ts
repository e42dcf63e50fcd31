import type { PlotSpec } from "@lab/core/plot";
import { renderSvg } from "@lab/core/plot";
import type { History } from "@lab/core/train";

/** The spectrum of some embeddings on one logarithmic axis, with the floor of the arithmetic. */
export function spectrumFigure(
  spectra: readonly { name: string; values: ArrayLike<number> }[],
  floor: number,
): PlotSpec {
  const most = Math.max(...spectra.map(({ values }) => values.length));
  return {
    kind: "line",
    title: "Spectrum of the embeddings",
    caption:
      "Eigenvalues of the covariance, relative to the largest; below the dashed line stands the noise of the arithmetic.",
    x: { label: "index" },
    y: { label: "log10 of eigenvalue / largest" },
    series: [
      ...spectra.map(({ name, values }) => ({
        name,
        x: Array.from(values, (_, i) => i + 1),
        y: Array.from(values, (value) => Math.log10(Math.max(value / values[0]!, floor / 10))),
      })),
      { name: "floor", x: [1, most], y: [Math.log10(floor), Math.log10(floor)], dashed: true },
    ],
  };
}

function curve(
  title: string,
  label: string,
  rows: readonly { step: number; value: Record<string, number> }[],
): PlotSpec {
  const names = Object.keys(rows[0]?.value ?? {});
  return {
    kind: "line",
    title,
    x: { label: "updates" },
    y: { label },
    series: names.map((name) => ({
      name,
      x: rows.map(({ step }) => step),
      y: rows.map(({ value }) => value[name] ?? null),
    })),
  };
}

/** Curves of a training: loss, ranks, the plane of alignment and uniformity, and quantiles of q where there are any. */
function trainingFigures(history: History): PlotSpec[] {
  const pick = (names: readonly string[]) =>
    history.evaluations.map(({ step, scalars }) => ({
      step,
      value: Object.fromEntries(
        names.filter((name) => name in scalars).map((name) => [name, scalars[name]!]),
      ),
    }));
  const losses = history.rows.map(({ step, scalars }) => ({ step, value: { loss: scalars.loss! } }));
  const factors = pick(["q10", "q50", "q90"]);
  return [
    curve("Loss", "nats", losses),
    curve("Effective rank of the embeddings", "dimensions", pick(["effectiveRank"])),
    {
      kind: "scatter",
      title: "Alignment and uniformity",
      caption: "Both are better when smaller; one point a measurement.",
      x: { label: "alignment" },
      y: { label: "uniformity" },
      series: [
        {
          name: "batch",
          x: history.evaluations.map(({ scalars }) => scalars.alignment!),
          y: history.evaluations.map(({ scalars }) => scalars.uniformity!),
        },
      ],
    },
    ...(Object.keys(factors[0]?.value ?? {}).length > 0
      ? [curve("Coupling factors q", "10 %, 50 % and 90 % quantile", factors)]
      : []),
  ];
}

/** A training as one page that stands by itself. */
export function trainingReport(
  summary: Readonly<Record<string, string | number>>,
  history: History,
  spectrum: readonly number[],
): string {
  const figures = [
    ...trainingFigures(history),
    spectrumFigure([{ name: "features", values: spectrum }], 1e-15),
  ];
  const rows = Object.entries(summary).map(
    ([name, value]) =>
      `<tr><th>${name}</th><td>${typeof value === "number" ? Number(value.toPrecision(5)) : value}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Training without labels: ${summary.method}</title>
<style>body{font-family:sans-serif;max-width:44rem;margin:2rem auto}th{text-align:left;padding-right:1rem}</style>
<h1>Training without labels: ${summary.method}</h1>
<table>${rows.join("")}</table>
${figures.map((figure) => `<figure>${renderSvg(figure)}</figure>`).join("\n")}
</html>
`;
}
