/** Where a sample lies when it is outside of the image. */
export type SamplePadding = "zeros" | "border" | "reflection";

/** Position in pixels and its derivative by the grid's coordinate. */
export interface Located {
  position: number;
  slope: number;
}

/**
 * Pixel position of a grid coordinate in −1 … 1, brought inside as `padding` says; written into `out`.
 *
 * The derivative is 0 where a position was clipped and changes its sign with each reflection.
 */
export function locate(
  coordinate: number,
  size: number,
  padding: SamplePadding,
  alignCorners: boolean,
  out: Located,
): void {
  let position = alignCorners ? ((coordinate + 1) / 2) * (size - 1) : ((coordinate + 1) * size - 1) / 2;
  let slope = alignCorners ? (size - 1) / 2 : size / 2;
  if (padding === "reflection") {
    const low = alignCorners ? 0 : -0.5;
    const span = alignCorners ? size - 1 : size;
    if (span === 0) {
      position = 0;
      slope = 0;
    } else {
      let distance = position - low;
      if (distance < 0) {
        distance = -distance;
        slope = -slope;
      }
      const flips = Math.floor(distance / span);
      const rest = distance - flips * span;
      position = flips % 2 === 0 ? rest + low : span - rest + low;
      if (flips % 2 !== 0) slope = -slope;
    }
  }
  if (padding !== "zeros") {
    if (!(position > 0)) {
      position = 0;
      slope = 0;
    } else if (position >= size - 1) {
      position = size - 1;
      slope = 0;
    }
  }
  out.position = position;
  out.slope = slope;
}

/** The nearest whole number, halves to the even one. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
