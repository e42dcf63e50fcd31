/** An on-ramp at the right of the road. */
export interface Ramp {
  /** Lateral position of its right edge at x = 0, in metres. */
  y0: number;
  /** Change of that edge per metre along the road. */
  slope: number;
  /** Where it has merged, in metres along the road. */
  end: number;
}

/** A straight road, or a ring that is driven on as if it were straight. */
export interface Road {
  /** Number of lanes; lane 0 is the leftmost, at small y. */
  lanes: number;
  /** Metres across a lane. */
  laneWidth: number;
  /** Circumference in metres, for a closed road. */
  ring?: number;
  /** On-ramp, where there is one. */
  ramp?: Ramp;
  /** Metres after which an episode has arrived: from its start on a ring, along the road on an open one. */
  destination: number;
}

/** Lane width of the highway that the source uses, in metres. */
export const LANE_WIDTH = 3.7;

/** Lateral position of the right edge of the pavement at `x`, in metres. */
export function rightEdge(road: Road, x: number): number {
  const edge = road.lanes * road.laneWidth;
  const { ramp } = road;
  return ramp && x < ramp.end ? Math.max(edge, ramp.y0 + ramp.slope * x) : edge;
}

/** `dx` as the shorter way around the ring, in (−R/2, R/2]; `dx` itself on an open road. */
export function shortWay(road: Road, dx: number): number {
  const { ring } = road;
  if (ring === undefined) return dx;
  const wrapped = dx - ring * Math.round(dx / ring);
  return wrapped <= -ring / 2 ? wrapped + ring : wrapped;
}
