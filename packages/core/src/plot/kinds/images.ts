import { base64 } from "../base64.js";
import { encodePng } from "../encode-png.js";
import { type Drawing, escapeXml } from "../frame.js";
import type { ImagePlot } from "../types.js";

const GAP = 6;
const LABEL_SIZE = 10;
const LARGEST_SCALE = 6;

/** Pictures on a contact sheet, each with its label beneath. */
export function drawImages(spec: ImagePlot, width: number): Drawing {
  const columns = Math.max(1, spec.columns ?? Math.min(10, spec.images.length));
  const cell = (width - GAP * (columns - 1)) / columns;
  const labelHeight = spec.images.some((image) => image.label) ? LABEL_SIZE * 1.5 : 0;
  const parts: string[] = [];
  let y = 0;
  for (let from = 0; from < spec.images.length; from += columns) {
    const row = spec.images.slice(from, from + columns);
    const scales = row.map((image) => Math.min(cell / image.width, LARGEST_SCALE));
    const rowHeight = Math.max(...row.map((image, i) => image.height * scales[i]!));
    for (const [i, image] of row.entries()) {
      const x = i * (cell + GAP);
      const [w, h] = [image.width * scales[i]!, image.height * scales[i]!];
      parts.push(
        `<image x="${x}" y="${y}" width="${w}" height="${h}" preserveAspectRatio="none" image-rendering="optimizeSpeed" ` +
          `style="image-rendering:pixelated" href="data:image/png;base64,${base64(encodePng(image))}"/>`,
      );
      if (image.label) {
        parts.push(
          `<text x="${x + w / 2}" y="${y + rowHeight + LABEL_SIZE * 1.2}" font-size="${LABEL_SIZE}" text-anchor="middle" fill="currentColor">${escapeXml(image.label)}</text>`,
        );
      }
    }
    y += rowHeight + labelHeight + GAP;
  }
  return { width, height: y, svg: parts.join("") };
}
