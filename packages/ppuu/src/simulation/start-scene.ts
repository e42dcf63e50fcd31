import { openRoad } from "./open-road.js";
import type { Roadway } from "./roadway.js";
import { SceneTraffic } from "./scene-traffic.js";

/** The cars of one scene before the first step: spread over the lanes of a ring, none on an open road. */
export function startScene(way: Roadway, index: number): SceneTraffic {
  const { settings, road } = way;
  const { ring, lanes } = road;
  if (ring === undefined) return openRoad(way);
  const generator = way.generatorOf(index);
  const { carsPerLane } = settings;
  const scene = new SceneTraffic(lanes * carsPerLane, 0);
  for (let lane = 0; lane < lanes; lane++) {
    const shift = generator.split("start").split(lane).float64(1)[0]!;
    for (let k = 0; k < carsPerLane; k++) {
      const slot = scene.add(generator, settings);
      scene.x[slot] = ((k + shift) * ring) / carsPerLane;
      scene.y[slot] = way.laneCentre(lane, 0);
      scene.v[slot] = Math.min(8, scene.desiredSpeed[slot]!, (0.5 * ring) / carsPerLane);
      way.placeInLane(scene, slot);
    }
  }
  scene.sort();
  return scene;
}
