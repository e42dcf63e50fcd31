import type { Palette } from "./theme.js";

/** Fonts that a page or the bundled renderer has. */
export const FONT = "'DejaVu Sans', system-ui, sans-serif";

/** An entry of the legend. */
export interface LegendEntry {
  name: string;
  color: string;
  dashed?: boolean;
}

/** A piece of SVG and its size. */
export interface Drawing {
  width: number;
  height: number;
  svg: string;
}

const MARGIN = 14;
const TITLE_SIZE = 15;
const TEXT_SIZE = 12;
// Mean advance of a character of the font in em, on the wide side so that lines do not overflow.
const ADVANCE = 0.58;

/** Text made safe for SVG. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Lines of at most `width` pixels, broken at spaces. */
export function wrapText(text: string, width: number, size: number): string[] {
  const most = Math.max(8, Math.floor(width / (size * ADVANCE)));
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line !== "" && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** Lines of text from the top left corner. */
export function textBlock(
  lines: readonly string[],
  x: number,
  y: number,
  size: number,
  attributes: string,
): string {
  return lines
    .map(
      (line, i) =>
        `<text x="${x}" y="${y + (i + 1) * size * 1.3}" font-size="${size}" ${attributes}>${escapeXml(line)}</text>`,
    )
    .join("");
}

function legend(entries: readonly LegendEntry[], width: number, top: number): Drawing {
  let x = 0;
  let y = 0;
  const parts: string[] = [];
  for (const entry of entries) {
    const needed = 28 + entry.name.length * TEXT_SIZE * ADVANCE + 14;
    if (x > 0 && x + needed > width) {
      x = 0;
      y += TEXT_SIZE * 1.6;
    }
    const middle = top + y + TEXT_SIZE * 0.65;
    const dash = entry.dashed ? ' stroke-dasharray="5 3"' : "";
    parts.push(
      `<line x1="${MARGIN + x}" x2="${MARGIN + x + 20}" y1="${middle}" y2="${middle}" stroke="${entry.color}" stroke-width="3"${dash}/>`,
      `<text x="${MARGIN + x + 26}" y="${middle + TEXT_SIZE * 0.35}" font-size="${TEXT_SIZE}" fill="currentColor">${escapeXml(entry.name)}</text>`,
    );
    x += needed;
  }
  return { width, height: entries.length > 0 ? y + TEXT_SIZE * 1.6 : 0, svg: parts.join("") };
}

/**
 * Title, legend and caption around a drawing: one standing SVG of the given width.
 * Text takes `currentColor`, so that a page can recolour an inlined figure.
 */
export function frame(
  body: Drawing,
  text: { title: string; caption?: string | undefined },
  entries: readonly LegendEntry[],
  palette: Palette,
): Drawing {
  const width = body.width + 2 * MARGIN;
  const title = wrapText(text.title, body.width, TITLE_SIZE);
  const titleHeight = title.length * TITLE_SIZE * 1.3 + 8;
  const key = legend(entries, body.width, MARGIN + titleHeight);
  const bodyTop = MARGIN + titleHeight + key.height;
  const caption = text.caption ? wrapText(text.caption, body.width, TEXT_SIZE) : [];
  const captionTop = bodyTop + body.height + 4;
  const height = Math.ceil(captionTop + caption.length * TEXT_SIZE * 1.3 + MARGIN);
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" class="lab-figure" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"` +
    ` role="img" aria-label="${escapeXml(text.title)}" color="${palette.ink}" font-family="${FONT}">` +
    `<rect class="lab-background" width="${width}" height="${height}" fill="${palette.background}"/>` +
    textBlock(title, MARGIN, MARGIN, TITLE_SIZE, 'fill="currentColor" font-weight="bold"') +
    key.svg +
    `<g transform="translate(${MARGIN},${bodyTop})">${body.svg}</g>` +
    textBlock(caption, MARGIN, captionTop, TEXT_SIZE, 'fill="currentColor" opacity="0.75"') +
    "</svg>";
  return { width, height, svg };
}
