export { type LoadNgsimOptions, loadNgsim, type NgsimReport } from "./load-ngsim.js";
