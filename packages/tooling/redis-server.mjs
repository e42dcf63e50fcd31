// A Redis server of its own for a test or a bench.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether this machine has a Redis server to start. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** Starts a server on a free port, with a password where one is given, and waits until it answers. */
export async function startRedis({ password } = {}) {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "lab-redis-"));
  const words = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    dir,
    "--save",
    "",
    "--appendonly",
    "no",
  ];
  if (password !== undefined) words.push("--requirepass", password);
  const server = spawn("redis-server", words, { stdio: "ignore" });
  for (let i = 0; !(await answers(port)); i++) {
    if (i === 200) throw new Error("redis-server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return {
    url: `redis://${password === undefined ? "" : `:${password}@`}127.0.0.1:${port}`,
    async stop() {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
