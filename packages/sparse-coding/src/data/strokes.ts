import { checkInteger } from "@lab/core";

/** Options of {@link strokes}. */
export interface StrokesOptions {
  /** Number of pictures. */
  count: number;
  /** Seed of the drawing. */
  seed: number;
  /** Side of a picture in pixels. @defaultValue 16, the protocol's */
  size?: number;
}

/** The generator of the protocol (mulberry32): its figures are tied to it. */
function reference(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Drawn pictures of two to four soft strokes each, composed by the maximum, so that a non-linear decoder has something to win.
 *
 * @param o - See {@link StrokesOptions}.
 * @returns Values in [0, 1], `[count, size, size]` in row-major order; the same on every machine.
 * @throws {@link ArgumentError} for a bad number.
 */
export function strokes(o: StrokesOptions): Float32Array {
  const count = checkInteger("strokes", "count", o.count, { min: 0 });
  const size = checkInteger("strokes", "size", o.size ?? 16, { min: 4 });
  const draw = reference(checkInteger("strokes", "seed", o.seed));
  const scale = size / 16;
  const out = new Float32Array(count * size * size);
  for (let n = 0; n < count; n++) {
    const numStrokes = [2, 3, 4][Math.floor(3 * draw())]!;
    for (let k = 0; k < numStrokes; k++) {
      const x0 = (1 + 13 * draw()) * scale;
      const y0 = (1 + 13 * draw()) * scale;
      const angle = 2 * Math.PI * draw();
      const length = (4 + 6 * draw()) * scale;
      const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          const along = Math.min(length, Math.max(0, (j - x0) * dx + (i - y0) * dy));
          const square = (j - x0 - along * dx) ** 2 + (i - y0 - along * dy) ** 2;
          const ink = Math.exp(-square / (2 * (0.7 * scale) ** 2));
          const at = (n * size + i) * size + j;
          if (ink > out[at]!) out[at] = ink;
        }
      }
    }
  }
  return out;
}
