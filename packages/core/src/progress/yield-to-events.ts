/**
 * Lets timers, signals and input be handled between two pieces of long work.
 *
 * @returns Resolves in a later macrotask, since backends answer in microtasks.
 */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    // Browsers clamp nested timers to 4 ms; a message is not clamped.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
