export { acceptanceFreeStationarity, effectiveSampleSize, rHat, type Stationarity } from "./chains.js";
