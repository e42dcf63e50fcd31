/** A computation in double precision on flat arrays. */
export type Reference = (...inputs: Float64Array[]) => Float64Array;

/** Sizes of a convolution or pooling of one image batch `[batch, height, width, channels]`. */
export interface Windows {
  input: readonly [number, number, number, number];
  filter: readonly [number, number];
  stride: readonly [number, number];
  dilation?: readonly [number, number];
  pad: "same" | "valid";
}

/** Output rows and columns, and the rows and columns of padding before the image. */
function layout(w: Windows) {
  const axis = (i: 0 | 1) => {
    const reach = (w.filter[i] - 1) * (w.dilation?.[i] ?? 1) + 1;
    const size = w.input[i + 1]!;
    if (w.pad === "valid") return { out: Math.floor((size - reach) / w.stride[i]) + 1, before: 0 };
    const out = Math.ceil(size / w.stride[i]);
    return { out, before: Math.floor(Math.max(0, (out - 1) * w.stride[i] + reach - size) / 2) };
  };
  return [axis(0), axis(1)] as const;
}

/** Calls `visit` for every output pixel with the taps that meet the image: tap and input pixel. */
function eachPixel(
  w: Windows,
  visit: (output: number, meetings: [tap: number, input: number][]) => void,
): void {
  const [rows, columns] = layout(w);
  const [batch, height, width] = w.input;
  const [dy, dx] = w.dilation ?? [1, 1];
  for (let n = 0; n < batch; n++)
    for (let oy = 0; oy < rows.out; oy++)
      for (let ox = 0; ox < columns.out; ox++) {
        const meetings: [number, number][] = [];
        for (let ky = 0; ky < w.filter[0]; ky++)
          for (let kx = 0; kx < w.filter[1]; kx++) {
            const y = oy * w.stride[0] + ky * dy - rows.before;
            const x = ox * w.stride[1] + kx * dx - columns.before;
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            meetings.push([ky * w.filter[1] + kx, (n * height + y) * width + x]);
          }
        visit((n * rows.out + oy) * columns.out + ox, meetings);
      }
}

const numPixels = (w: Windows) => w.input[0] * layout(w)[0].out * layout(w)[1].out;

/** `conv2d` with a filter `[height, width, channels, filters]`. */
export const convolution =
  (w: Windows, filters: number): Reference =>
  (x, k) => {
    const channels = w.input[3];
    const out = new Float64Array(numPixels(w) * filters);
    eachPixel(w, (output, meetings) => {
      for (const [tap, input] of meetings)
        for (let c = 0; c < channels; c++)
          for (let f = 0; f < filters; f++)
            out[output * filters + f]! += x![input * channels + c]! * k![(tap * channels + c) * filters + f]!;
    });
    return out;
  };

/** `depthwiseConv2d` with a filter `[height, width, channels, multiplier]`. */
export const depthwise =
  (w: Windows, multiplier: number): Reference =>
  (x, k) => {
    const channels = w.input[3];
    const out = new Float64Array(numPixels(w) * channels * multiplier);
    eachPixel(w, (output, meetings) => {
      for (const [tap, input] of meetings)
        for (let c = 0; c < channels; c++)
          for (let q = 0; q < multiplier; q++)
            out[(output * channels + c) * multiplier + q]! +=
              x![input * channels + c]! * k![(tap * channels + c) * multiplier + q]!;
    });
    return out;
  };

/** `maxPool` or `avgPool`; padding counts for neither. */
export const pooling =
  (w: Windows, kind: "largest" | "mean"): Reference =>
  (x) => {
    const channels = w.input[3];
    const out = new Float64Array(numPixels(w) * channels);
    eachPixel(w, (output, meetings) => {
      for (let c = 0; c < channels; c++) {
        const seen = meetings.map(([, input]) => x![input * channels + c]!);
        out[output * channels + c] =
          kind === "largest" ? Math.max(...seen) : seen.reduce((sum, value) => sum + value, 0) / seen.length;
      }
    });
    return out;
  };

/** Product of `[rows, inner]` and `[inner, columns]`, each given transposed where flagged. */
export const product =
  (
    [rows, inner, columns]: readonly [number, number, number],
    isATurned: boolean,
    isBTurned: boolean,
  ): Reference =>
  (a, b) => {
    const out = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        for (let k = 0; k < inner; k++)
          out[i * columns + j]! +=
            a![isATurned ? k * rows + i : i * inner + k]! * b![isBTurned ? j * inner + k : k * columns + j]!;
    return out;
  };

/** Batch normalisation over the last axis by the batch's own moments. */
export const batchNormalisation =
  (channels: number, epsilon: number): Reference =>
  (x, scale, offset) => {
    const rows = x!.length / channels;
    const out = new Float64Array(x!.length);
    for (let c = 0; c < channels; c++) {
      let [mean, variance] = [0, 0];
      for (let i = 0; i < rows; i++) mean += x![i * channels + c]! / rows;
      for (let i = 0; i < rows; i++) variance += (x![i * channels + c]! - mean) ** 2 / rows;
      for (let i = 0; i < rows; i++)
        out[i * channels + c] =
          ((x![i * channels + c]! - mean) / Math.sqrt(variance + epsilon)) * scale![c]! + offset![c]!;
    }
    return out;
  };

/** Sums of rows by segment, of `[segments.length, columns]`. */
export const segmentSum =
  (segments: readonly number[], numSegments: number, columns: number): Reference =>
  (x) => {
    const out = new Float64Array(numSegments * columns);
    for (const [i, segment] of segments.entries())
      for (let j = 0; j < columns; j++) out[segment * columns + j]! += x![i * columns + j]!;
    return out;
  };
