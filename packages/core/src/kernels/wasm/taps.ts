import type { Geometry } from "./conv2d-geometry.js";

/** Pixels of an output row and the pixels of an input row that one tap of the filter meets there. */
export interface Meeting {
  /** Index of the tap in the filter, row by row. */
  tap: number;
  /** Index of the first input pixel among all images; the next is `stride[1]` further. */
  input: number;
  /** Index of the first output pixel among all images; the next is 1 further. */
  output: number;
  /** How many pixels. */
  count: number;
}

/** Floats of input and output that a band of rows may hold, so that they stay in the cache from tap to tap. */
const BAND_FLOATS = 1 << 16;

/** Output columns of which a tap meets an input column: the first and how many. */
function columnsOf(g: Geometry, kx: number): { first: number; count: number; input: number } {
  const shift = kx * g.dilation[1] - g.pad[1];
  const first = Math.max(0, Math.ceil(-shift / g.stride[1]));
  const last = Math.min(g.output[1] - 1, Math.floor((g.input[1] - 1 - shift) / g.stride[1]));
  return { first, count: last - first + 1, input: first * g.stride[1] + shift };
}

/** Visits every meeting of a tap with a row of one image, band of rows by band of rows. */
export function forEachMeeting(g: Geometry, image: number, visit: (meeting: Meeting) => void): void {
  const rowFloats = g.input[1] * g.inChannels * g.stride[0] + g.output[1] * g.outChannels;
  const band = Math.max(1, Math.floor(BAND_FLOATS / rowFloats));
  const columns = Array.from({ length: g.filter[1] }, (_, kx) => columnsOf(g, kx));
  for (let start = 0; start < g.output[0]; start += band) {
    const end = Math.min(g.output[0], start + band);
    for (let tap = 0; tap < g.filter[0] * g.filter[1]; tap++) {
      const ky = Math.floor(tap / g.filter[1]);
      const { first, count, input } = columns[tap % g.filter[1]]!;
      if (count <= 0) continue;
      for (let oy = start; oy < end; oy++) {
        const y = oy * g.stride[0] + ky * g.dilation[0] - g.pad[0];
        if (y < 0 || y >= g.input[0]) continue;
        visit({
          tap,
          input: (image * g.input[0] + y) * g.input[1] + input,
          output: (image * g.output[0] + oy) * g.output[1] + first,
          count,
        });
      }
    }
  }
}
