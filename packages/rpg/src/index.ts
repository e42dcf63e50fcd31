/**
 * Recurrent parameter generators: any network from any number of parameters.
 *
 * @packageDocumentation
 */

export * from "./artifact/index.js";
export * from "./compress/index.js";
export * from "./generator/index.js";
export * from "./ring-index/index.js";
