export { automaticOrder, backendOverride } from "./environment.node.js";
export { loaders } from "./loaders.js";
export { probeBackends } from "./probe.js";
export { startBackend } from "./start.js";
export type { BackendName, BackendProbe, DeviceInfo } from "./types.js";
export { explain } from "./unusable.js";
