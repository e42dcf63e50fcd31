/**
 * Episodes and logs as pictures: PNG, SVG, animated GIF, a page that plays them, and figures.
 *
 * @packageDocumentation
 */

export * from "./picture/index.js";
export * from "./plots/index.js";
