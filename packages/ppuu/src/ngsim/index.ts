/**
 * Reads recorded trajectories of NGSIM I-80.
 *
 * @packageDocumentation
 */

export { type LoadNgsimOptions, loadNgsim, type NgsimReport } from "./load-ngsim.js";
