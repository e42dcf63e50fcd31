/** Whether this machine has a Redis server to start. */
export const hasRedis: boolean;

/** A server of its own for a test. */
export interface TestRedis {
  /** Its address. */
  url: string;
  /** Ends it. */
  stop(): Promise<void>;
}

/** Starts a server on a free port, with a password where one is given, and waits until it answers. */
export function startRedis(options?: { password?: string }): Promise<TestRedis>;
