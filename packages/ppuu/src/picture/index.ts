export { type Frame, type RenderOptions, renderFrame } from "./frame.js";
export { COLOURS, type ColourName, type Picture } from "./shapes.js";
