export { callKernel, type HostKernel, hasHostKernel, registerHostKernel } from "./host-kernel.js";
