import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
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

/** A certificate for 127.0.0.1 and its key, or `undefined` where there is no openssl. */
export function selfSigned(): { cert: string; key: string } | undefined {
  const dir = mkdtempSync(join(tmpdir(), "lab-tls-"));
  const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
  const words = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lab -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`;
  return spawnSync("openssl", words.split(" ")).status === 0 ? { cert, key } : undefined;
}

/** A server of its own for a test: own port, own folder, a password. */
export class TestRedis {
  readonly url: string;
  readonly #port: number;
  readonly #persist: boolean;
  readonly #tls: { cert: string; key: string } | undefined;
  readonly #dir = mkdtempSync(join(tmpdir(), "lab-redis-"));
  #process: ChildProcess | undefined;

  private constructor(port: number, persist: boolean, tls: { cert: string; key: string } | undefined) {
    this.#port = port;
    this.#persist = persist;
    this.#tls = tls;
    this.url = `${tls ? "rediss" : "redis"}://:secret@127.0.0.1:${port}`;
  }

  static async start({
    persist = false,
    tls,
  }: {
    persist?: boolean;
    tls?: { cert: string; key: string };
  } = {}): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), persist, tls);
    await redis.up();
    return redis;
  }

  /** Starts it, on the same port and folder as before. */
  async up(): Promise<void> {
    const tls = this.#tls && {
      port: 0,
      "tls-port": this.#port,
      "tls-cert-file": this.#tls.cert,
      "tls-key-file": this.#tls.key,
      "tls-auth-clients": "no",
    };
    const options = {
      port: this.#port,
      ...tls,
      bind: "127.0.0.1",
      dir: this.#dir,
      requirepass: "secret",
      save: "",
      appendonly: this.#persist ? "yes" : "no",
      appendfsync: "always",
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = spawn("redis-server", words, { stdio: "ignore" });
    const client = new Redis(this.url, {
      maxRetriesPerRequest: null,
      retryStrategy: () => 20,
      ...(tls && { tls: { ca: readFileSync(this.#tls!.cert) } }),
    });
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
