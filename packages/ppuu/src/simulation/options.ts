import { checkChoice, checkInteger, checkNumber } from "@lab/core";
import { LANE_WIDTH, type Road } from "../log/road.js";
import { IDM_CAR, type Idm } from "./idm.js";
import { MOBIL_DEFAULT, type Mobil } from "./mobil.js";

/** Sudden slow-downs of single drivers. */
export interface SlowDowns {
  /** Expected slow-downs of one driver per second. @defaultValue 1/30 */
  rate?: number;
  /** Factor on the desired speed meanwhile. @defaultValue 0.15 */
  factor?: number;
  /** Shortest and longest duration in s. @defaultValue `[2, 6]` */
  duration?: readonly [number, number];
}

/** Options of {@link TrafficSimulation}. */
export interface SimulationOptions {
  /** Seed of everything that is random. */
  seed: number;
  /** Independent roads that are simulated side by side. @defaultValue 1 */
  scenes?: number;
  /** A closed ring, or six lanes with an on-ramp where cars enter and leave. @defaultValue `"ring"` */
  geometry?: "ring" | "i80";
  /** Lanes of the ring. @defaultValue 4 */
  lanes?: number;
  /** Cars in each lane of the ring at the start. @defaultValue 15 */
  carsPerLane?: number;
  /** Circumference of the ring in metres. @defaultValue 360 */
  ring?: number;
  /** Seconds of one step. @defaultValue 0.1 */
  dt?: number;
  /** Values that all drivers share in place of their own; see {@link Idm}. @defaultValue drawn for each driver */
  idm?: Partial<Idm>;
  /** Lane changing; see {@link Mobil}. @defaultValue `MOBIL_DEFAULT` */
  mobil?: Partial<Mobil>;
  /** Sudden slow-downs, or `false` for none. @defaultValue one in 30 s for each driver */
  events?: SlowDowns | false;
  /** Standard deviation in m/s² of the drivers' noise. @defaultValue 0.3 */
  noise?: number;
  /** Mean seconds between cars that want to enter a lane of the open road. @defaultValue 2.4 */
  entryHeadway?: number;
}

/** Options with all defaults filled in. */
export interface SimulationSettings {
  seed: number;
  scenes: number;
  geometry: "ring" | "i80";
  carsPerLane: number;
  dt: number;
  idm: Partial<Idm>;
  mobil: Mobil;
  slowDownRate: number;
  slowDownFactor: number;
  slowDownDuration: readonly [number, number];
  noise: number;
  entryHeadway: number;
  road: Road;
}

/** Metres of the open road that are simulated. */
export const OPEN_LENGTH = 314.5;
/** Six lanes, a ramp whose right edge reaches the road at 233 m, and the line that counts as arrival. */
const I80: Road = {
  lanes: 6,
  laneWidth: LANE_WIDTH,
  ramp: { y0: 6 * LANE_WIDTH + 8.17, slope: -0.035, end: 233 },
  destination: 251.3,
};
/** Metres to drive on the ring until an episode has arrived. */
const RING_DESTINATION = 150;

/** Checks the options and fills in the defaults. */
export function simulationSettings(caller: string, options: SimulationOptions): SimulationSettings {
  const geometry = checkChoice(caller, "geometry", options.geometry ?? "ring", ["ring", "i80"] as const);
  const ring = checkNumber(caller, "ring", options.ring ?? 360, { above: 0 });
  const lanes = checkInteger(caller, "lanes", options.lanes ?? 4, { min: 1, max: 30 });
  // At least half a car length of space for each car, else none could start.
  const most = Math.floor(ring / 8);
  const carsPerLane = checkInteger(caller, "carsPerLane", options.carsPerLane ?? 15, { min: 0, max: most });
  const events = options.events === false ? { rate: 0 } : (options.events ?? {});
  const duration = events.duration ?? [2, 6];
  checkNumber(caller, "events.duration[0]", duration[0], { min: 0 });
  checkNumber(caller, "events.duration[1]", duration[1], { min: duration[0] });
  for (const [name, value] of Object.entries(options.idm ?? {})) {
    checkNumber(caller, `idm.${name}`, value, { min: 0 });
  }
  return {
    seed: checkInteger(caller, "seed", options.seed, { min: 0 }),
    scenes: checkInteger(caller, "scenes", options.scenes ?? 1, { min: 1 }),
    geometry,
    carsPerLane,
    dt: checkNumber(caller, "dt", options.dt ?? 0.1, { above: 0, max: 0.5 }),
    idm: { ...options.idm },
    mobil: { ...MOBIL_DEFAULT, ...options.mobil },
    slowDownRate: checkNumber(caller, "events.rate", events.rate ?? 1 / 30, { min: 0 }),
    slowDownFactor: checkNumber(caller, "events.factor", events.factor ?? 0.15, { min: 0, max: 1 }),
    slowDownDuration: duration,
    noise: checkNumber(caller, "noise", options.noise ?? 0.3, { min: 0 }),
    entryHeadway: checkNumber(caller, "entryHeadway", options.entryHeadway ?? 2.4, { above: 0 }),
    road:
      geometry === "ring"
        ? { lanes, laneWidth: LANE_WIDTH, ring, destination: RING_DESTINATION }
        : { ...I80 },
  };
}

/** Values that a driver draws: the ranges of the simulator's spread. */
export const DRIVER_SPREAD = {
  desiredSpeed: [22, 34],
  headway: [1, 2],
  acceleration: [0.9, 1.8],
  length: [4.2, 5.2],
  width: [1.7, 2],
} as const;

/** Values that all drivers share when nothing is drawn. */
export const DRIVER_COMMON = { deceleration: IDM_CAR.deceleration, gap: IDM_CAR.gap } as const;
