export { automaticOrder, backendOverride } from "./environment.node.js";
export { registerGradients } from "./gradients.js";
export { loaders } from "./loaders.js";
export { probeBackends } from "./probe.js";
export { startBackend } from "./start.js";
export type { BackendLoader, BackendName, BackendProbe, DeviceInfo, LoadedBackend } from "./types.js";
export { explain } from "./unusable.js";
