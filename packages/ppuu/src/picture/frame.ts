import { checkNumber } from "@lab/core";
import { COLOURS, type Picture, type Shape, shapesOf, type View } from "./shapes.js";

/** A picture as pixels. */
export interface Frame {
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** Red, green, blue, opacity of each pixel, row by row. */
  data: Uint8ClampedArray;
}

/** Options of pictures. */
export interface RenderOptions {
  /** Whether the picture moves with the controlled car, or with the middle of its way. @defaultValue true */
  follow?: boolean;
  /** Whether the recorded car is shown where it was. @defaultValue true */
  ghost?: boolean;
  /** Pixels in a row. @defaultValue 640 */
  width?: number;
  /** Metres of road in a picture. @defaultValue 100 */
  metres?: number;
  /** Whether the proximity mask of the costs is laid over the picture; not in SVG. @defaultValue false */
  masks?: boolean;
}

/** Metres beside the road that are shown. */
const BESIDE = 2;
/** Share of the view that lies behind the followed car. */
const BEHIND = 0.4;

/** What part of the road a picture shows. */
export function viewOf(picture: Picture, options: RenderOptions, centre = picture.frame.ego[0]!): View {
  const metres = checkNumber("renderFrame", "metres", options.metres ?? 100, { min: 10 });
  const { road } = picture;
  const right = road.ramp ? road.ramp.y0 : road.lanes * road.laneWidth;
  return {
    from: centre - BEHIND * metres,
    to: centre + (1 - BEHIND) * metres,
    top: -BESIDE,
    bottom: right + BESIDE,
  };
}

/**
 * One moment from above, drawn on the host.
 *
 * @param picture - The moment.
 * @param options - See {@link RenderOptions}.
 * @param centre - Position along the road that the view is placed by; the controlled car's by default.
 */
export function renderFrame(picture: Picture, options: RenderOptions = {}, centre?: number): Frame {
  const view = viewOf(picture, options, centre);
  const width = Math.round(checkNumber("renderFrame", "width", options.width ?? 640, { min: 16, max: 8192 }));
  const scale = width / (view.to - view.from);
  const height = Math.max(1, Math.round((view.bottom - view.top) * scale));
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) data.set([...COLOURS.ground, 255], 4 * i);
  for (const shape of shapesOf(picture, view, options.ghost ?? true)) {
    fill({ width, height, data }, shape, view, scale);
  }
  if (options.masks) shadeMask({ width, height, data }, picture, view, scale);
  return { width, height, data };
}

/** Tints the pixels by the taper mask around the controlled car. */
function shadeMask(frame: Frame, { frame: { ego }, size }: Picture, view: View, scale: number): void {
  const [x, y, dx, dy, v] = ego as [number, number, number, number, number];
  const [length, width] = size;
  const safe = 1.5 * Math.max(v, 10) + 1.5 * length + 1;
  for (let row = 0; row < frame.height; row++) {
    for (let column = 0; column < frame.width; column++) {
      const ahead = (column + 0.5) / scale + view.from - x;
      const aside = (row + 0.5) / scale + view.top - y;
      const along = Math.abs(dx * ahead + dy * aside);
      const across = Math.abs(dx * aside - dy * ahead);
      const z = Math.max(0, (safe - along) / (safe - length / 2));
      const r = clamp((width / 2 + 3.7 - across) / 3.7);
      const share = 0.6 * Math.min(1, z * z * r * r);
      if (share < 0.01) continue;
      const at = 4 * (row * frame.width + column);
      for (let c = 0; c < 3; c++) blend(frame, at + c, share, COLOURS.mark[c]!);
    }
  }
}

function blend(frame: Frame, at: number, share: number, towards: number): void {
  frame.data[at] = frame.data[at]! + share * (towards - frame.data[at]!);
}

/** Fills the pixels whose centres a rectangle covers, its border softened over one pixel. */
function fill(frame: Frame, shape: Shape, view: View, scale: number): void {
  const { width, height, data } = frame;
  const [red, green, blue] = COLOURS[shape.colour];
  const reachX = (Math.abs(shape.dx) * shape.length + Math.abs(shape.dy) * shape.width) / 2 + 1 / scale;
  const reachY = (Math.abs(shape.dy) * shape.length + Math.abs(shape.dx) * shape.width) / 2 + 1 / scale;
  const left = Math.max(0, Math.floor((shape.x - reachX - view.from) * scale));
  const right = Math.min(width - 1, Math.ceil((shape.x + reachX - view.from) * scale));
  const top = Math.max(0, Math.floor((shape.y - reachY - view.top) * scale));
  const bottom = Math.min(height - 1, Math.ceil((shape.y + reachY - view.top) * scale));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const ahead = (column + 0.5) / scale + view.from - shape.x;
      const aside = (row + 0.5) / scale + view.top - shape.y;
      const along = Math.abs(shape.dx * ahead + shape.dy * aside);
      const across = Math.abs(shape.dx * aside - shape.dy * ahead);
      const cover =
        clamp((shape.length / 2 - along) * scale + 0.5) * clamp((shape.width / 2 - across) * scale + 0.5);
      if (cover === 0) continue;
      const share = cover * shape.opacity;
      const at = 4 * (row * width + column);
      data[at] = data[at]! + share * (red - data[at]!);
      data[at + 1] = data[at + 1]! + share * (green - data[at + 1]!);
      data[at + 2] = data[at + 2]! + share * (blue - data[at + 2]!);
    }
  }
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));
