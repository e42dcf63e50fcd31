/** Coverage of a pixel by a stroke, from the distance to its centre line: a ramp as wide as the blur. */
function paint(
  out: Float32Array,
  offset: number,
  size: number,
  points: Float64Array,
  radius: number,
  blur: number,
): void {
  const reach = radius + blur;
  for (let at = 0; at + 3 < points.length; at += 2) {
    const x0 = points[at]!;
    const y0 = points[at + 1]!;
    const dx = points[at + 2]! - x0;
    const dy = points[at + 3]! - y0;
    const inverseSquare = 1 / Math.max(dx * dx + dy * dy, 1e-12);
    const left = Math.max(0, Math.ceil(Math.min(x0, x0 + dx) - reach - 0.5));
    const right = Math.min(size - 1, Math.floor(Math.max(x0, x0 + dx) + reach - 0.5));
    const top = Math.max(0, Math.ceil(Math.min(y0, y0 + dy) - reach - 0.5));
    const bottom = Math.min(size - 1, Math.floor(Math.max(y0, y0 + dy) + reach - 0.5));
    for (let row = top; row <= bottom; row++) {
      const py = row + 0.5 - y0;
      for (let column = left; column <= right; column++) {
        const px = column + 0.5 - x0;
        const along = Math.min(1, Math.max(0, (px * dx + py * dy) * inverseSquare));
        const ex = px - along * dx;
        const ey = py - along * dy;
        const distance = Math.sqrt(ex * ex + ey * ey);
        const coverage = Math.min(1, (radius + blur - distance) / (2 * blur));
        const pixel = offset + row * size + column;
        if (coverage > out[pixel]!) out[pixel] = coverage;
      }
    }
  }
}

/** How one sample bends its figure. */
export interface Pen {
  /** Picture from unit square: x' = a·x + b·y + c, y' = d·x + e·y + f, in pixels. */
  affine: readonly [number, number, number, number, number, number];
  /** Half the width of a stroke, in pixels. */
  radius: number;
  /** Half the width of its soft edge, in pixels. */
  blur: number;
  /** Bends: amplitude and phase of one wave along each axis, in units of the square. */
  wobble: readonly [number, number, number, number];
  /** Brightness of a full stroke, at most 1. */
  ink: number;
}

/** Draws strokes into a black square of `size` pixels. */
export function drawFigure(
  out: Float32Array,
  offset: number,
  size: number,
  strokes: readonly (readonly number[])[],
  pen: Pen,
): void {
  const [a, b, c, d, e, f] = pen.affine;
  const [bendX, phaseX, bendY, phaseY] = pen.wobble;
  const wave = 2 * Math.PI;
  out.fill(0, offset, offset + size * size);
  for (const stroke of strokes) {
    const points = new Float64Array(stroke.length);
    for (let at = 0; at < stroke.length; at += 2) {
      const x = stroke[at]! + bendX * Math.sin(wave * (stroke[at + 1]! + phaseX));
      const y = stroke[at + 1]! + bendY * Math.sin(wave * (stroke[at]! + phaseY));
      points[at] = a * x + b * y + c;
      points[at + 1] = d * x + e * y + f;
    }
    paint(out, offset, size, points, pen.radius, pen.blur);
  }
  for (let pixel = offset; pixel < offset + size * size; pixel++) out[pixel]! *= pen.ink;
}
