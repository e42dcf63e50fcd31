export { linalgGradients } from "./linalg-gradients.js";
