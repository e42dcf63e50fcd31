export { type ContourMode, contours } from "./contours.js";
export type { GridOptions } from "./grid.js";
export { type Masks, separableMask, type TaperMaskOptions, taperMask } from "./masks.js";
export { type RenderContextOptions, renderContext } from "./render-context.js";
export { cropContext, type WarpContextOptions, warpContext } from "./warp-context.js";
