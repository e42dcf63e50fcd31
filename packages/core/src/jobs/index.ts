/**
 * Independent tasks in this process, on threads, or on other machines.
 *
 * @packageDocumentation
 */
export type { Runner } from "./types.js";
