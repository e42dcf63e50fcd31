import type { EpisodeFrame } from "../environment/episodes.js";
import type { Outcome } from "../environment/outcome.js";
import { type Road, rightEdge } from "../log/road.js";

/** Colours of the pictures, as red, green, blue. */
export const COLOURS = {
  ground: [226, 232, 226],
  road: [92, 98, 108],
  line: [238, 238, 238],
  car: [70, 130, 200],
  ego: [240, 150, 40],
  ghost: [205, 205, 215],
  mark: [214, 40, 57],
} as const satisfies Record<string, readonly [number, number, number]>;

/** A colour by its name in {@link COLOURS}. */
export type ColourName = keyof typeof COLOURS;

/** A filled rectangle in metres, x along the road and y to the right, turned about its centre. */
export interface Shape {
  /** Colour. */
  colour: ColourName;
  /** Share of the colour over what is beneath, from 0 to 1. */
  opacity: number;
  /** Centre along the road. */
  x: number;
  /** Centre across the road. */
  y: number;
  /** Unit direction. */
  dx: number;
  /** Unit direction. */
  dy: number;
  /** Length along the direction. */
  length: number;
  /** Width across it. */
  width: number;
  /** Index of the car, for cars. */
  car?: number;
}

/** What a picture shows. */
export interface Picture {
  /** The moment. */
  frame: EpisodeFrame;
  /** The road. */
  road: Road;
  /** Length and width of the controlled car. */
  size: readonly [length: number, width: number];
  /** How it ended, in the last frame. */
  outcome?: Outcome | undefined;
}

/** The part of the road that is shown, in metres. */
export interface View {
  /** Rear end along the road. */
  from: number;
  /** Front end along the road. */
  to: number;
  /** Left end across the road. */
  top: number;
  /** Right end across the road. */
  bottom: number;
}

const DASH = 3;
const DASH_PERIOD = 9;
const LINE = 0.2;

/** Everything to draw, from back to front. */
export function shapesOf({ frame, road, size, outcome }: Picture, view: View, ghost: boolean): Shape[] {
  const box = (
    colour: ColourName,
    from: number,
    to: number,
    top: number,
    bottom: number,
    opacity = 1,
  ): Shape => ({
    colour,
    opacity,
    x: (from + to) / 2,
    y: (top + bottom) / 2,
    dx: 1,
    dy: 0,
    length: to - from,
    width: bottom - top,
  });
  const edge = road.lanes * road.laneWidth;
  const shapes: Shape[] = [box("road", view.from, view.to, 0, edge)];
  if (road.ramp) {
    for (let x = Math.floor(view.from); x < Math.min(view.to, road.ramp.end); x++) {
      shapes.push(box("road", x, x + 1, edge, rightEdge(road, x)));
    }
  }
  for (const y of [0, edge]) shapes.push(box("line", view.from, view.to, y - LINE / 2, y + LINE / 2));
  for (let lane = 1; lane < road.lanes; lane++) {
    const y = lane * road.laneWidth;
    for (let x = Math.floor(view.from / DASH_PERIOD) * DASH_PERIOD; x < view.to; x += DASH_PERIOD) {
      shapes.push(box("line", x, x + DASH, y - LINE / 2, y + LINE / 2));
    }
  }
  for (const [car, x, y, , length, width] of frame.cars as [
    number,
    number,
    number,
    number,
    number,
    number,
  ][]) {
    shapes.push({ colour: "car", opacity: 1, x, y, dx: 1, dy: 0, length, width, car });
  }
  const [x, y, dx, dy] = frame.ego as [number, number, number, number, number];
  if (ghost && frame.recorded) {
    const [ghostX, ghostY] = frame.recorded;
    const length = size[0];
    shapes.push({
      colour: "ghost",
      opacity: 0.55,
      x: ghostX,
      y: ghostY,
      dx: 1,
      dy: 0,
      length,
      width: size[1],
    });
  }
  shapes.push({ colour: "ego", opacity: 1, x, y, dx, dy, length: size[0], width: size[1] });
  if (outcome === "ahead" || outcome === "behind" || outcome === "offroad") {
    for (const turn of [1, -1]) {
      const [mx, my] = [Math.SQRT1_2, turn * Math.SQRT1_2];
      shapes.push({ colour: "mark", opacity: 1, x, y, dx: mx, dy: my, length: 5, width: 0.5 });
    }
  }
  return shapes;
}
