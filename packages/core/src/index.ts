/**
 * Devices, errors and argument checks: the ground that every other part of lab stands on.
 *
 * @packageDocumentation
 */
export * from "./check/index.js";
export { type BackendName, type BackendProbe, type DeviceInfo, probeBackends } from "./device/index.js";
export * from "./errors/index.js";
export { device, type InitOptions, init } from "./init/index.js";
export { tidyAsync } from "./memory/index.js";
export { type Progress, yieldToEvents } from "./progress/index.js";
