export { nearestCars, sceneFeatures } from "./features.js";
export { NUM_FEATURES } from "./features-operation.js";
export type { History, Observation, Place, Scene } from "./scene.js";
export { NUM_TRACKED, type Positions, trackedCars } from "./tracked-cars.js";
export { disposeHistory, historyFromLog, keepsLane, samplePlaces } from "./windows.js";
