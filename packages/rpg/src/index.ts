/**
 * Recurrent parameter generators: any network from any number of parameters.
 *
 * @packageDocumentation
 */

export * from "./artifact/index.js";
export * from "./baselines/index.js";
export * from "./compress/index.js";
export * from "./distributed.js";
export * from "./generator/index.js";
export * from "./layers.js";
export * from "./plots.js";
export * from "./resnet.js";
export * from "./ring-index/index.js";
export * from "./sweep/index.js";
