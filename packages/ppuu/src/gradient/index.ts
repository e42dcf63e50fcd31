export { stopGradient } from "./stop-gradient.js";
export { withoutGradient } from "./without-gradient.js";
