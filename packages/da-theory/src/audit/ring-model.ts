import { checkNumber } from "@lab/core";

/** Options of {@link ringModel}. */
export interface RingModelOptions {
  /** Half the width of class A, around angle 0 (radians). */
  widthA: number;
  /** Half the width of class B. */
  widthB: number;
  /** Angle of the middle of class B. */
  distance: number;
  /** Half the width of the uniform turn that augmentation adds. */
  augmentation: number;
}

/** Accuracies of {@link ringModel}. */
export interface RingAccuracies {
  /** Share of class A that stays its own. */
  a: number;
  /** Share of class B that stays its own. */
  b: number;
}

/** Density of a uniform angle plus a uniform turn: a trapezoid, laid around the circle. */
function trapezoid(width: number, turn: number, middle: number): { at(x: number): number; bends: number[] } {
  const [flat, end] = [Math.abs(width - turn), width + turn];
  const height = 1 / (2 * Math.max(width, turn));
  const middles = [-1, 0, 1].map((k) => middle + 2 * Math.PI * k);
  return {
    at: (x) =>
      middles.reduce((sum, m) => {
        const away = Math.abs(x - m);
        if (away >= end) return sum;
        return sum + (away <= flat ? height : (height * (end - away)) / (end - flat));
      }, 0),
    bends: middles.flatMap((m) => [m - end, m - flat, m + flat, m + end]),
  };
}

type Trapezoid = ReturnType<typeof trapezoid>;

/** Share of an interval on which one piecewise linear density is above the other. */
function shareAbove(own: Trapezoid, other: Trapezoid, from: number, to: number): number {
  const bends = [...own.bends, ...other.bends].filter((x) => x > from && x < to);
  const cuts = [from, ...bends, to].sort((x, y) => x - y);
  let above = 0;
  for (let i = 1; i < cuts.length; i++) {
    const [left, right] = [cuts[i - 1]!, cuts[i]!];
    const length = right - left;
    if (length <= 0) continue;
    // Inside a piece the difference is linear, so two inner points give its ends.
    const difference = (t: number) => own.at(left + t * length) - other.at(left + t * length);
    const [near, far] = [difference(0.25), difference(0.75)];
    const [start, end] = [1.5 * near - 0.5 * far, 1.5 * far - 0.5 * near];
    const tiny = 1e-13;
    if (Math.max(start, end) < tiny) continue;
    if (start >= 0 && end >= 0) above += length;
    else if (start > 0 || end > 0)
      above += (length * Math.max(start, end)) / (Math.abs(start) + Math.abs(end));
  }
  return above / (to - from);
}

/**
 * What augmentation does to two classes on a ring, exactly.
 *
 * Class A is uniform on $[-w_A, w_A]$, class B on $[m-w_B, m+w_B]$, and augmentation adds a uniform turn from $[-a, a]$.
 * The best classifier of augmented samples takes the class whose augmented density, a trapezoid, is higher; the accuracy
 * of a class is the share of its clean support where its own is strictly higher. Both classes get the same augmentation,
 * and only the wider one loses.
 *
 * @param options - Angles in radians.
 * @returns Accuracies of both classes on samples without augmentation.
 * @throws {@link ArgumentError} when an angle is out of range.
 * @example
 * ```ts
 * import { ringModel } from "@lab/da-theory/audit";
 *
 * const { a, b } = ringModel({ widthA: 0.1, widthB: 0.5, distance: 1, augmentation: 0.8 });
 * [a, Math.round(1e6 * b) / 1e6]; // => [1, 0.8]
 * ```
 */
export function ringModel(options: RingModelOptions): RingAccuracies {
  const width = { above: 0, max: Math.PI };
  const widthA = checkNumber("ringModel", "widthA", options.widthA, width);
  const widthB = checkNumber("ringModel", "widthB", options.widthB, width);
  const distance = checkNumber("ringModel", "distance", options.distance, { min: 0, max: Math.PI });
  const turn = checkNumber("ringModel", "augmentation", options.augmentation, { min: 0, max: Math.PI });
  const [a, b] = [trapezoid(widthA, turn, 0), trapezoid(widthB, turn, distance)];
  return {
    a: shareAbove(a, b, -widthA, widthA),
    b: shareAbove(b, a, distance - widthB, distance + widthB),
  };
}
