export { NUM_FEATURES, nearestCars, sceneFeatures } from "./features.js";
export type { History, Observation, Place, Scene } from "./scene.js";
export { NUM_TRACKED, type Positions, trackedCars } from "./tracked-cars.js";
export { disposeHistory, historyFromLog, samplePlaces } from "./windows.js";
