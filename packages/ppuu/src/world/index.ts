export { type CarsWorldOptions, carsWorld } from "./cars-world.js";
export { type JointWorldModelOptions, jointWorldModel } from "./joint-world.js";
export { replayWorld } from "./replay-world.js";
export { constantVelocityWorld, idmWorld } from "./simple-worlds.js";
export {
  type GivenWorld,
  type LearnedKind,
  type NewWorld,
  type TrainWorldModelOptions,
  trainWorldModel,
  type WorldUpdate,
} from "./train-world-model.js";
export type {
  LearnedWorldModel,
  ResetOptions,
  TrainingWindow,
  WorldKind,
  WorldModel,
  WorldSpec,
  WorldState,
} from "./world-model.js";
