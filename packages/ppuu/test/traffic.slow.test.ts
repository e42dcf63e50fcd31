import { expect, test } from "vitest";
import { TrafficSimulation } from "../src/index.js";
import { countOverlaps } from "./overlaps.js";

test("no cars overlap in a million steps of default traffic", () => {
  const scenes = 20;
  const traffic = new TrafficSimulation({ seed: 123, scenes });
  let overlaps = 0;
  for (let t = 0; t < 1_000_000 / scenes; t++) {
    traffic.step();
    overlaps += countOverlaps(traffic.state(), 360);
  }
  expect(overlaps).toBe(0);
});

test("no cars overlap on the open road with its ramp", () => {
  const traffic = new TrafficSimulation({ seed: 5, scenes: 4, geometry: "i80" });
  let overlaps = 0;
  for (let t = 0; t < 10_000; t++) {
    traffic.step();
    overlaps += countOverlaps(traffic.state(), undefined);
  }
  expect(overlaps).toBe(0);
});
