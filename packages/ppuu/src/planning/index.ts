export { type MpcOptions, mpc, type Planner } from "./mpc.js";
