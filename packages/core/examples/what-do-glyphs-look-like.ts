// Draws ten pictures of each class of the generated data set to docs/figures/glyphs.svg. With @lab/core built:
//   node --experimental-strip-types packages/core/examples/what-do-glyphs-look-like.ts docs/figures/glyphs.svg
import { glyphs } from "@lab/core/data";
import { atomicWrite } from "@lab/core/io";
import { renderSvg } from "@lab/core/plot";

/** Ten pictures of each class, one class a row, as an SVG text. */
export function contactSheet(): string {
  const { x, labels } = glyphs({ count: 100, seed: 1 }).arrays();
  // Every ten pictures hold each class once, so that a stable sort gives ten rows of ten.
  const order = [...labels.keys()].sort((a, b) => labels[a]! - labels[b]!);
  const images = order.map((i) => ({
    width: 28,
    height: 28,
    channels: 1 as const,
    data: x.subarray(784 * i, 784 * (i + 1)),
  }));
  return renderSvg({
    kind: "image",
    title: "glyphs: generated pictures of ten classes",
    caption: "glyphs({ count: 100, seed: 1 }), one class a row.",
    images,
    columns: 10,
  });
}

const path = process.argv[2];
if (path?.endsWith(".svg")) await atomicWrite(path, contactSheet());
