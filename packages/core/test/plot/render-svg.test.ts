import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { ArgumentError } from "../../src/errors/index.js";
import { type PlotSpec, renderPng, renderSvg } from "../../src/plot/index.js";

const axis = { label: "x (m)" };
const specs: Record<string, PlotSpec> = {
  line: {
    kind: "line",
    title: "Line",
    x: axis,
    y: { label: "share", scale: "log" },
    series: [
      { name: "measured", x: [1, 2, 3], y: [0.1, null, 10], low: [0.05, null, 5], high: [0.2, null, 20] },
      { name: "theory", x: [1, 3], y: [0, 10], dashed: true },
    ],
  },
  scatter: {
    kind: "scatter",
    title: "Scatter",
    x: axis,
    y: axis,
    series: [{ name: "a", x: [0, 1], y: [1, 0] }],
  },
  bars: {
    kind: "bars",
    title: "Bars",
    categories: ["a", "b"],
    y: axis,
    series: [{ name: "s", y: [1, null], low: [0, null], high: [2, null] }],
  },
  heatmap: { kind: "heatmap", title: "Heat", rows: ["r"], columns: ["c", "d"], values: [[1, 2]] },
  image: {
    kind: "image",
    title: "Images",
    images: [{ width: 2, height: 1, channels: 3, data: [0, 0.5, 1, 1, 0.5, 0], label: "two pixels" }],
  },
  histogram: {
    kind: "histogram",
    title: "Histogram",
    x: axis,
    series: [{ name: "v", values: [1, 2, 2, Number.NaN] }],
  },
};
specs.grid = { kind: "grid", title: "Grid", plots: [specs.line!, specs.bars!] };

const parse = (svg: string) => parseHTML(`<html><body>${svg}</body></html>`).document;

test.each(Object.entries(specs))("a %s figure is one labelled SVG without NaN", (_, spec) => {
  const svg = renderSvg(spec);
  const figure = parse(svg).querySelector("svg.lab-figure");
  expect(figure?.getAttribute("aria-label")).toBe(spec.title);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  expect(renderSvg(spec)).toBe(svg);
});

test.each(Object.entries(specs))("a %s figure becomes a PNG of twice its width", async (_, spec) => {
  const png = await renderPng(spec, { width: 300, theme: "dark" });
  expect([...png.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  expect(new DataView(png.buffer, png.byteOffset).getUint32(16)).toBe(600);
});

test("bars stand for their values", () => {
  const heights = [2, 4].map((value) => {
    const svg = renderSvg({
      kind: "bars",
      title: "t",
      categories: ["a"],
      y: { label: "y", domain: [0, 4] },
      series: [{ name: "s", y: [value] }],
    });
    return Number(parse(svg).querySelector('g[data-part="bar"] rect')?.getAttribute("height"));
  });
  expect(heights[1]! / heights[0]!).toBeCloseTo(2, 2);
});

test("the line breaks where a value is missing or not positive on a log axis", () => {
  const path =
    parse(renderSvg(specs.line!)).querySelector('g[data-part="line"] path')?.getAttribute("d") ?? "";
  expect(path.match(/M/g)).toHaveLength(2);
});

test("titles and names are escaped", () => {
  const svg = renderSvg({ ...specs.scatter!, title: '<b>"&' } as PlotSpec);
  expect(svg).not.toContain("<b>");
  expect(parse(svg).querySelector("svg.lab-figure")?.getAttribute("aria-label")).toBe('<b>"&');
});

test("parts that do not fit are refused by name", () => {
  const bad = { ...specs.scatter!, series: [{ name: "a", x: [1, 2], y: [1] }] } as PlotSpec;
  expect(() => renderSvg(bad)).toThrow("renderSvg: the length of series[0].y is 1; 2 was expected");
  expect(() => renderSvg({ kind: "pie" } as never)).toThrow(ArgumentError);
  expect(() => renderSvg(specs.line!, { width: 10 })).toThrow("width is 10");
});

test("bars on a log axis stand on the power of ten below the smallest", () => {
  const svg = renderSvg({
    kind: "bars",
    title: "Counts",
    categories: ["a", "b"],
    y: { label: "count", scale: "log" },
    series: [{ name: "n", y: [200, 20_000] }],
  });
  const heights = [...parse(svg).querySelectorAll('g[data-part="bar"] rect')].map((bar) =>
    Number(bar.getAttribute("height")),
  );
  expect(heights).toHaveLength(2);
  expect(Math.max(...heights) / Math.min(...heights)).toBeCloseTo(
    Math.log10(20_000 / 100) / Math.log10(200 / 100),
    1,
  );
});

test("labels of a log axis over small numbers are short and keep apart", () => {
  const svg = renderSvg({
    kind: "line",
    title: "Small",
    x: { label: "x", scale: "log" },
    y: { label: "y" },
    series: [{ name: "s", x: [1e-6, 1e-5, 1e-4], y: [1, 2, 3] }],
  });
  for (const label of ["1e-6", "1e-5", "1e-4"]) expect(svg).toContain(`>${label}</text>`);
  expect(svg).not.toContain("0.00000");
});

test("tilted names of categories stay inside the figure, and the bars keep their height", () => {
  const heightOf = (categories: string[]) => {
    const document = parse(
      renderSvg(
        { kind: "bars", title: "t", categories, y: { label: "y" }, series: [{ name: "s", y: [1, 1, 1] }] },
        { width: 360 },
      ),
    );
    for (const text of document.querySelectorAll('g[data-part="fx-axis tick label"] text')) {
      const [, x, tilt] = /translate\(([\d.]+),[\d.]+\)(?: rotate\((-?\d+)\))?/.exec(
        text.getAttribute("transform")!,
      )!;
      const reach = tilt ? text.textContent!.length * 5.3 : (text.textContent!.length * 6.5) / 2;
      expect(Number(x) - reach).toBeGreaterThanOrEqual(-14); // the frame's margin
    }
    return Number(document.querySelector('g[data-part="bar"] rect')!.getAttribute("height"));
  };
  const names = ["recorded actions (replay)", "no action (reactive)", "separated (replay)"];
  expect(heightOf(names)).toBeCloseTo(heightOf(["a", "b", "c"]), 0);
});
