export type { DriverStreamState } from "./driver-stream.js";
export { IDM_CAR, type Idm, idmAcceleration, idmEquilibriumGap } from "./idm.js";
export { type LaneChange, MOBIL_DEFAULT, type Mobil, mobilAccepts, mobilIncentive } from "./mobil.js";
export type { SimulationOptions, SimulationSettings, SlowDowns } from "./options.js";
export type { SceneTrafficState } from "./scene-traffic.js";
export { type SimulateTrafficOptions, simulateTraffic } from "./simulate-traffic.js";
export { type SimulationState, TrafficSimulation, type TrafficSnapshot } from "./traffic-simulation.js";
