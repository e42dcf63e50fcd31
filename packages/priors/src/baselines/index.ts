export { centred, type IsotropicOptions, isotropic } from "./isotropic.js";
