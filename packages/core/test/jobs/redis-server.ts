import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

/** Whether this machine has a Redis server to start. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server of its own for a test: own port, own folder, a password. */
export class TestRedis {
  readonly url: string;
  readonly #port: number;
  readonly #persist: boolean;
  readonly #dir = mkdtempSync(join(tmpdir(), "lab-redis-"));
  #process: ChildProcess | undefined;

  private constructor(port: number, persist: boolean) {
    this.#port = port;
    this.#persist = persist;
    this.url = `redis://:secret@127.0.0.1:${port}`;
  }

  static async start({ persist = false } = {}): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), persist);
    await redis.up();
    return redis;
  }

  /** Starts it, on the same port and folder as before. */
  async up(): Promise<void> {
    const options = {
      port: this.#port,
      bind: "127.0.0.1",
      dir: this.#dir,
      requirepass: "secret",
      save: "",
      appendonly: this.#persist ? "yes" : "no",
      appendfsync: "always",
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = spawn("redis-server", words, { stdio: "ignore" });
    const client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    client.on("error", () => undefined);
    await client.ping();
    client.disconnect();
  }

  /** Stops it; with `SIGKILL` as a power cut would. */
  async down(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const server = this.#process;
    if (server === undefined || server.exitCode !== null) return;
    await new Promise((resolve) => {
      server.once("exit", resolve);
      server.kill(signal);
    });
  }
}
