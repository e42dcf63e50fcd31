import { checkAborted } from "../check/index.js";

/** First pause before a task is tried again, in milliseconds; each further one is twice as long. */
export const FIRST_PAUSE_MS = 100;

const LONGEST_PAUSE_MS = 10_000;

/** Tries until it succeeds, at most `retries` more times; pauses grow. */
export async function withRetries<T>(
  attempt: (index: number) => Promise<T>,
  retries: number,
  signal: AbortSignal,
): Promise<T> {
  for (let index = 0; ; index++) {
    checkAborted(signal);
    try {
      return await attempt(index);
    } catch (error) {
      checkAborted(signal);
      if (index >= retries) throw error;
      await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** index), signal);
    }
  }
}

/** Waits; rejects with the signal's reason when that fires first. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, delayMs);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
