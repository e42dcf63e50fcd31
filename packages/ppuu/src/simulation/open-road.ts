import { OPEN_LENGTH } from "./options.js";
import type { Roadway } from "./roadway.js";
import { SceneTraffic } from "./scene-traffic.js";

/** Slots of an open road: one car for every 7 m of each lane. */
const OPEN_SLOTS = Math.ceil(OPEN_LENGTH / 7);
const ENTRY_SPEED = 12;

/** A road without cars, whose lanes open one after the other. */
export function openRoad(way: Roadway): SceneTraffic {
  const { lanes } = way.road;
  const scene = new SceneTraffic(OPEN_SLOTS * (lanes + 1), lanes + 1);
  for (let lane = 0; lane <= lanes; lane++) scene.nextEntry[lane] = 0.3 * lane;
  return scene;
}

/** Cars enter the open road at its beginning, where the one before has left room. */
export function letCarsIn(way: Roadway, scene: SceneTraffic, index: number): void {
  const { settings, road, dt } = way;
  const generator = way.generatorOf(index);
  for (let lane = 0; lane <= road.lanes; lane++) {
    scene.nextEntry[lane]! -= dt;
    if (scene.nextEntry[lane]! > 0) continue;
    let [last, lastX] = [-1, Number.POSITIVE_INFINITY];
    for (let i = 0; i < scene.numActive; i++) {
      const slot = scene.order[i]!;
      if (scene.lane[slot] !== lane && scene.target[slot] !== lane) continue;
      if (scene.x[slot]! < lastX) [last, lastX] = [slot, scene.x[slot]!];
    }
    const speed = last < 0 ? ENTRY_SPEED : Math.min(ENTRY_SPEED, scene.v[last]! + 1);
    // Room for two seconds at this speed, and two car lengths at most 5.2 m.
    if (last >= 0 && lastX < 2 + 2 * speed + 5.2) continue;
    const slot = scene.add(generator, settings);
    if (slot < 0) continue;
    scene.x[slot] = 0;
    scene.along[slot] = 0;
    scene.lane[slot] = lane;
    scene.y[slot] = way.laneCentre(lane, 0);
    scene.v[slot] = speed;
    const wait = -Math.log(1 - scene.streams[slot]!.uniform(0, 1));
    scene.nextEntry[lane] = 1 + (settings.entryHeadway - 1) * wait * (lane === road.lanes ? 3 : 1);
  }
}

/** Cars leave at its end. */
export function letCarsOut(scene: SceneTraffic): void {
  for (let i = scene.numActive - 1; i >= 0; i--) {
    const slot = scene.order[i]!;
    if (scene.x[slot]! - scene.length[slot]! / 2 > OPEN_LENGTH) scene.remove(slot);
  }
}
