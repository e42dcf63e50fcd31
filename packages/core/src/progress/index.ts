/** How far a long piece of work has come. */
export interface Progress {
  /** Units done so far. */
  done: number;
  /** Units in all, where that is known. */
  total?: number;
  /** What is being done, in a few words. */
  message?: string;
  /** Figures worth showing, such as the current loss. */
  metrics?: Record<string, number>;
}
export { yieldToEvents } from "./yield-to-events.js";
