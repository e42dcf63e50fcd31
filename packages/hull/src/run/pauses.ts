import { checkAborted, yieldToEvents } from "@lab/core";

const isNode = typeof process !== "undefined" && process.versions?.node !== undefined;
const LIMIT = isNode ? 100 : 16;

/** Lets others run when the last pause is long ago, and stops when asked to. */
export class Pauses {
  private last = performance.now();

  constructor(readonly signal: AbortSignal | undefined) {}

  /** Milliseconds between two pauses: 100 in Node, 16 in a browser. */
  get isDue(): boolean {
    return performance.now() - this.last >= LIMIT;
  }

  /** Throws the signal's reason when it has been aborted. */
  check(): void {
    checkAborted(this.signal);
  }

  /** Waits for one macrotask when a pause is due. */
  async ifDue(): Promise<void> {
    checkAborted(this.signal);
    if (!this.isDue) return;
    await yieldToEvents();
    this.last = performance.now();
    checkAborted(this.signal);
  }
}
