/** Points of a stroke in the unit square, x to the right and y downwards: x0, y0, x1, y1, … */
export type Stroke = readonly number[];

/** The strokes of one figure. */
export type Figure = readonly Stroke[];

/** Points of an elliptic arc; angles in quarter turns, 0 to the right, growing clockwise on the screen. */
function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): number[] {
  const numPoints = Math.max(2, Math.ceil(Math.abs(to - from) * 4) + 1);
  const points: number[] = [];
  for (let i = 0; i < numPoints; i++) {
    const angle = ((from + ((to - from) * i) / (numPoints - 1)) * Math.PI) / 2;
    points.push(cx + rx * Math.cos(angle), cy + ry * Math.sin(angle));
  }
  return points;
}

/** The ways in which each of the ten classes is written. */
export const figures: readonly (readonly Figure[])[] = [
  // 0
  [[arc(0.5, 0.5, 0.27, 0.4, -1, 3)], [arc(0.5, 0.5, 0.2, 0.4, -1.2, 2.8)]],
  // 1
  [
    [[0.5, 0.1, 0.5, 0.9]],
    [[0.34, 0.26, 0.52, 0.1, 0.52, 0.9]],
    [
      [0.34, 0.26, 0.5, 0.1, 0.5, 0.9],
      [0.32, 0.9, 0.68, 0.9],
    ],
  ],
  // 2
  [
    [[...arc(0.5, 0.33, 0.24, 0.23, -2, 0.35), 0.24, 0.9, 0.78, 0.9]],
    [[...arc(0.48, 0.31, 0.25, 0.21, -1.8, 0.4), 0.42, 0.72, 0.24, 0.88, 0.36, 0.8, 0.78, 0.9]],
  ],
  // 3
  [
    [[...arc(0.46, 0.3, 0.24, 0.2, -1.7, 0.9), ...arc(0.46, 0.7, 0.27, 0.2, -0.9, 1.7)]],
    [[0.26, 0.1, 0.72, 0.1, 0.46, 0.42, ...arc(0.46, 0.66, 0.26, 0.24, -0.9, 1.7)]],
  ],
  // 4
  [
    [
      [0.6, 0.1, 0.22, 0.62, 0.8, 0.62],
      [0.62, 0.36, 0.62, 0.9],
    ],
    [
      [0.28, 0.12, 0.24, 0.54, 0.74, 0.52],
      [0.72, 0.12, 0.66, 0.9],
    ],
  ],
  // 5
  [
    [[0.74, 0.1, 0.32, 0.1, 0.28, 0.45, ...arc(0.46, 0.64, 0.27, 0.25, -1.3, 1.7)]],
    [
      [0.34, 0.12, 0.3, 0.46, ...arc(0.45, 0.66, 0.25, 0.24, -1.1, 1.8)],
      [0.34, 0.12, 0.76, 0.14],
    ],
  ],
  // 6
  [
    [[0.66, 0.1, 0.42, 0.28, 0.28, 0.58, ...arc(0.5, 0.68, 0.23, 0.22, -2, 2)]],
    [[0.52, 0.1, 0.34, 0.36, 0.28, 0.66, ...arc(0.48, 0.7, 0.2, 0.19, -2, 1.9)]],
  ],
  // 7
  [
    [[0.24, 0.12, 0.76, 0.12, 0.42, 0.9]],
    [
      [0.24, 0.14, 0.74, 0.12, 0.46, 0.9],
      [0.36, 0.5, 0.74, 0.5],
    ],
  ],
  // 8
  [
    [arc(0.5, 0.3, 0.2, 0.19, 1, 5), arc(0.5, 0.7, 0.25, 0.21, -1, 3)],
    [[...arc(0.5, 0.3, 0.2, 0.19, -0.4, -3), ...arc(0.5, 0.7, 0.24, 0.2, -0.8, 2.8), 0.7, 0.24]],
  ],
  // 9
  [
    [arc(0.5, 0.32, 0.23, 0.21, 0, 4), [0.73, 0.32, 0.7, 0.62, 0.56, 0.9]],
    [arc(0.48, 0.32, 0.22, 0.2, 0, 4), [0.71, 0.16, 0.7, 0.9]],
  ],
];
