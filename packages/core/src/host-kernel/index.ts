/**
 * Kernels in TypeScript, for loops over typed arrays that beat a chain of engine calls.
 *
 * @packageDocumentation
 */
export {
  callKernel,
  type HostKernel,
  hasHostKernel,
  type KernelAttributes,
  registerHostKernel,
} from "./host-kernel.js";
