import { ArgumentError } from "@lab/core";
import { Generator } from "@lab/core/random";
import { entryOf, type TrafficLog } from "../log/traffic-log.js";
import type { Place } from "../scene/scene.js";

/**
 * The episodes of an evaluation: the same number of cars of each scene, each from one moment on.
 *
 * A seed fixes them; more episodes begin with those of fewer. Cars start as late as leaves room for the longest episode.
 *
 * @param log - The log.
 * @param episodes - How many.
 * @param seed - Seed of the draw.
 * @param past - Frames before the start at which the car must be there.
 * @param limit - Steps of the longest episode.
 * @throws {@link ArgumentError} when the log has too few cars.
 */
export function drawEpisodes(
  log: TrafficLog,
  episodes: number,
  seed: number,
  past: number,
  limit: number,
): Place[] {
  const [frames, scenes, cars] = log.shape;
  const generator = new Generator(seed).split("episodes");
  const allowed = log.cars ?? Array.from({ length: cars }, (_, car) => car);
  const candidates = Array.from({ length: scenes }, (_, scene) => {
    const own = generator.split(scene);
    const chances = own.split("start").float64(allowed.length);
    return Array.from(own.permutation(allowed.length)).flatMap((i): Place[] => {
      const car = allowed[i]!;
      const [from, to] = presence(log, scene, car);
      if (to - from <= past + 1) return [];
      const first = from + past;
      const room = Math.min(frames, to) - 1 - limit - first;
      // On a ring a car is always there; on an open road it is driven from its entry on.
      const frame =
        log.road.ring === undefined || room <= 0 ? first : first + Math.floor(chances[i]! * (room + 1));
      return [{ scene, car, frame }];
    });
  });
  const places: Place[] = [];
  for (let round = 0; places.length < episodes; round++) {
    const before = places.length;
    for (const scene of candidates) {
      const place = scene[round];
      if (place && places.length < episodes) places.push(place);
    }
    if (places.length === before) {
      throw new ArgumentError(
        `drawEpisodes: episodes is ${episodes}; at most ${before} were expected, one for each car that is present for ${past + 2} frames`,
        { argument: "episodes", value: episodes },
      );
    }
  }
  return places;
}

/** First longest stretch in which a car is present. */
function presence(log: TrafficLog, scene: number, car: number): [from: number, to: number] {
  let [best, from]: [[number, number], number] = [[0, 0], -1];
  for (let t = 0; t <= log.shape[0]; t++) {
    const isThere = t < log.shape[0] && log.present[entryOf(log, t, scene, car)] === 1;
    if (isThere && from < 0) from = t;
    if (!isThere && from >= 0) {
      if (t - from > best[1] - best[0]) best = [from, t];
      from = -1;
    }
  }
  return best;
}
