import { createRequire } from "node:module";
import type { RenderOptions } from "./render-svg.js";
import { renderSvg } from "./render-svg.js";
import type { PlotSpec } from "./types.js";

/**
 * Draws a figure as a PNG file, twice as fine as its nominal width, with a font that comes along.
 *
 * @param spec - The figure; see {@link PlotSpec}.
 * @param options - See {@link RenderOptions}.
 * @returns The bytes of the file.
 * @throws {@link ArgumentError} when the parts of the figure do not fit together.
 */
export async function renderPng(spec: PlotSpec, options: RenderOptions = {}): Promise<Uint8Array> {
  const svg = renderSvg(spec, options);
  const { Resvg } = await import("@resvg/resvg-js");
  const require = createRequire(import.meta.url);
  const fontFiles = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) =>
    require.resolve(`dejavu-fonts-ttf/ttf/${name}`),
  );
  return new Resvg(svg, {
    fitTo: { mode: "zoom", value: 2 },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: "DejaVu Sans" },
  })
    .render()
    .asPng();
}
