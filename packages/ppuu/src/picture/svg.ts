import { type RenderOptions, viewOf } from "./frame.js";
import { COLOURS, type ColourName, type Picture, shapesOf } from "./shapes.js";

const rgb = (colour: ColourName) => `rgb(${COLOURS[colour].join(",")})`;
const short = (value: number) => String(Math.round(value * 1000) / 1000);

/**
 * One moment from above as an SVG document.
 *
 * @param picture - The moment.
 * @param options - See {@link RenderOptions}.
 * @param centre - Position along the road that the view is placed by; the controlled car's by default.
 */
export function frameToSvg(picture: Picture, options: RenderOptions = {}, centre?: number): string {
  const view = viewOf(picture, options, centre);
  const width = options.width ?? 640;
  const [across, along] = [view.bottom - view.top, view.to - view.from];
  const height = Math.round((width * across) / along);
  const shapes = shapesOf(picture, view, options.ghost ?? true).map((shape) => {
    const angle = (Math.atan2(shape.dy, shape.dx) * 180) / Math.PI;
    const turn =
      angle === 0 ? "" : ` transform="rotate(${short(angle)} ${short(shape.x)} ${short(shape.y)})"`;
    const opacity = shape.opacity === 1 ? "" : ` fill-opacity="${shape.opacity}"`;
    const kind = shape.car === undefined ? "" : ` data-car="${shape.car}"`;
    return `<rect class="${shape.colour}"${kind} x="${short(shape.x - shape.length / 2)}" y="${short(shape.y - shape.width / 2)}" width="${short(shape.length)}" height="${short(shape.width)}" fill="${rgb(shape.colour)}"${opacity}${turn}/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Traffic from above" width="${width}" height="${height}" viewBox="${short(view.from)} ${short(view.top)} ${short(along)} ${short(across)}">`,
    `<rect x="${short(view.from)}" y="${short(view.top)}" width="${short(along)}" height="${short(across)}" fill="${rgb("ground")}"/>`,
    ...shapes,
    "</svg>",
  ].join("\n");
}

/** Documents of one size below each other, as one document. */
export function stackSvgs(documents: readonly string[]): string {
  const sizes = documents.map((text) => {
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(text)!;
    return [Number(width), Number(height)] as const;
  });
  const gap = 6;
  const total = sizes.reduce((sum, [, height]) => sum + height + gap, -gap);
  let y = 0;
  const placed = documents.map((text, i) => {
    const at = y;
    y += sizes[i]![1] + gap;
    return text.replace("<svg ", `<svg y="${at}" `);
  });
  const width = Math.max(...sizes.map(([w]) => w));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}">\n${placed.join("\n")}\n</svg>`;
}
