import type { TrafficSnapshot } from "../src/index.js";

/** Pairs of cars of a ring whose rectangles overlap. */
export function countOverlaps(snapshot: TrafficSnapshot, ring: number | undefined): number {
  const [scenes, slots] = snapshot.shape;
  const { x, y, length, width, present } = snapshot;
  let count = 0;
  for (let scene = 0; scene < scenes; scene++) {
    const from = scene * slots;
    for (let i = from; i < from + slots; i++) {
      if (!present[i]) continue;
      for (let j = from; j < i; j++) {
        if (!present[j] || Math.abs(y[i]! - y[j]!) >= (width[i]! + width[j]!) / 2) continue;
        let way = Math.abs(x[i]! - x[j]!);
        if (ring !== undefined) {
          way %= ring;
          way = Math.min(way, ring - way);
        }
        if (way < (length[i]! + length[j]!) / 2) count++;
      }
    }
  }
  return count;
}
