import type { Redis } from "ioredis";
import { BackendError } from "../errors/index.js";

/** Milliseconds within which a server must answer the first time. */
const FIRST_ANSWER_MS = 3000;

/** What a server that is just starting, or a network that is busy, may cause; a refused certificate is not among it. */
const PASSING = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
]);

type Modules = { bullmq: typeof import("bullmq"); Client: typeof import("ioredis").Redis };

/** The queue libraries, which users install when they need them. */
export async function loadQueue(caller: string): Promise<Modules> {
  try {
    const [bullmq, ioredis] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bullmq, Client: ioredis.Redis };
  } catch (cause) {
    throw new BackendError(
      `${caller}: the packages bullmq and ioredis cannot be loaded; they are needed for tasks on Redis; run: npm install bullmq ioredis`,
      { backend: "redis" },
      { cause },
    );
  }
}

/** An address without its password. */
export function withoutPassword(address: string): string {
  return address.replace(/\/\/[^@/]*@/, "//***@");
}

/** A connection that answers, comes back by itself when the server restarts, and never gives up a command. */
export async function connectRedis(
  caller: string,
  address: string,
  Client: Modules["Client"],
  onWarning?: (message: string) => void,
): Promise<Redis> {
  let lastError: Error | undefined;
  const client = new Client(address, {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(2000, 50 * 2 ** Math.min(attempt, 10)),
  });
  let giveUp: (error: Error) => void = () => undefined;
  client.on("error", (error: NodeJS.ErrnoException) => {
    lastError = error;
    onWarning?.(`${withoutPassword(address)}: ${error.message}`);
    if (!PASSING.has(error.code ?? "")) giveUp(error);
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    giveUp = reject;
    timer = setTimeout(() => reject(lastError ?? new Error("no answer")), FIRST_ANSWER_MS);
  });
  try {
    await Promise.race([client.ping(), tooLate]);
    return client;
  } catch (cause) {
    client.disconnect();
    const reason = lastError?.message || (cause instanceof Error ? cause.message : String(cause));
    throw new BackendError(
      `${caller}: ${withoutPassword(address)} does not answer (${reason}); a Redis server was expected there`,
      { backend: "redis" },
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}
