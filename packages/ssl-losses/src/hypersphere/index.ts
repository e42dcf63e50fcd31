export { alignment, uniformity } from "./alignment.js";
