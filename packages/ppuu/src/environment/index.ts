export { disposeObservation, type EpisodeFrame, type ObservationKind } from "./episodes.js";
export { type Outcome, overlaps, type Rectangle } from "./outcome.js";
export type { Stress, StressNoise } from "./stress.js";
export {
  type DrivingOptions,
  type EnvInfo,
  type EnvStep,
  type RewardInput,
  TrafficEnv,
  type TrafficEnvOptions,
} from "./traffic-env.js";
