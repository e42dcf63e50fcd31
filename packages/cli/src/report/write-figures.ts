import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { atomicWrite } from "@lab/core/io";
import { type PlotSpec, renderSvg } from "@lab/core/plot";

/** Writes each figure as an SVG file and returns the paths. */
export async function writeFigures(folder: string, figures: readonly PlotSpec[]): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const paths: string[] = [];
  for (const [index, figure] of figures.entries()) {
    const path = join(folder, `figure-${index + 1}.svg`);
    await atomicWrite(path, new TextEncoder().encode(renderSvg(figure)));
    paths.push(path);
  }
  return paths;
}
