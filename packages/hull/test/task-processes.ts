import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gaussians } from "@lab/core/testing";
import { startRedis, type TestRedis } from "@lab/tooling/redis-server";

/** Threads and workers are plain Node processes: they load the build. */
export const isBuilt = ["../dist/node/worker.js", "../../core/dist/node/jobs/index.js"].every((path) =>
  existsSync(new URL(path, import.meta.url)),
);

const [n, d, m] = [900, 26, 24];

/** One call of a coordinator. */
export interface Run {
  mode?: "contains" | "distance";
  checkpoint: string;
  runner: unknown;
  split: "queries" | "rows";
}

/** Coordinators and workers in processes of their own, with points and queries in a folder. */
export class TaskProcesses {
  private readonly children: ChildProcess[] = [];
  private redis: TestRedis | undefined;

  private constructor(readonly folder: string) {}

  static async prepare(): Promise<TaskProcesses> {
    const made = new TaskProcesses(await mkdtemp(join(tmpdir(), "hull-distributed-")));
    const x = gaussians(n * d, 1);
    const q = gaussians(m * d, 2);
    // Some inside, some near the surface, some far: every stage has something to decide.
    for (let i = 0; i < m; i++) for (let j = 0; j < d; j++) q[i * d + j]! *= [0.15, 0.5, 1][i % 3]!;
    await writeFile(join(made.folder, "x.bin"), new Uint8Array(x.buffer));
    await writeFile(join(made.folder, "q.bin"), new Uint8Array(q.buffer));
    return made;
  }

  /** Runner of a queue with two workers of its own. */
  async workers(queue: string): Promise<{ redis: string; queue: string }> {
    this.redis ??= await startRedis();
    const runner = { redis: this.redis.url, queue };
    for (let i = 0; i < 2; i++) this.start("serve", { ...runner, allow: ["@lab/hull/worker"], leaseMs: 400 });
    return runner;
  }

  /** A coordinator that does some runs one after the other. */
  coordinator(runs: readonly Run[]): ChildProcess {
    return this.start("ask", {
      points: join(this.folder, "x.bin"),
      queries: join(this.folder, "q.bin"),
      n,
      d,
      m,
      runs: runs.map(({ mode = "contains", checkpoint, runner, split }) => ({
        mode,
        // Tensors too give the same bytes in every process.
        hull: split === "queries" ? { engine: "tensor" } : {},
        options: { checkpoint: join(this.folder, checkpoint), runner, split, chunkSize: 100 },
      })),
    });
  }

  /** Certificates of each run. */
  async results(runs: readonly Run[]): Promise<string[][]> {
    const child = this.coordinator(runs);
    let [out, errors] = ["", ""];
    child.stdout!.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr!.on("data", (chunk) => {
      errors += chunk;
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (code !== 0) throw new Error(`exit code ${code}: ${errors}`);
    return out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  /** Names and bytes of the results in a checkpoint. */
  async files(checkpoint: string): Promise<Record<string, string>> {
    const names = (await this.names(checkpoint)).filter((name) => name.endsWith(".json"));
    const read = names.map(async (name) => [
      name,
      await readFile(join(this.folder, checkpoint, name), "utf8"),
    ]);
    return Object.fromEntries(await Promise.all(read));
  }

  /** Files in a checkpoint so far. */
  async names(checkpoint: string): Promise<string[]> {
    const path = join(this.folder, checkpoint);
    return existsSync(path) ? (await readdir(path)).sort() : [];
  }

  private start(name: string, argument: object): ChildProcess {
    const program = fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
    const child = spawn(process.execPath, [program, JSON.stringify(argument)], {
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.children.push(child);
    return child;
  }

  async stop(): Promise<void> {
    for (const child of this.children) child.kill("SIGKILL");
    await this.redis?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
