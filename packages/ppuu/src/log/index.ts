export { recordedState, recordedStates } from "./recorded-states.js";
export { LANE_WIDTH, type Ramp, type Road, rightEdge, shortWay } from "./road.js";
export { loadLog, saveLog } from "./save-log.js";
export { type SplitLogOptions, splitLog } from "./split-log.js";
export { subsampleLog, type TrafficLog } from "./traffic-log.js";
