export { device, type InitOptions, init } from "./init.js";
