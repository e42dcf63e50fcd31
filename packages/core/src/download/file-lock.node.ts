import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";

const LOOK_MS = 100;

/** Runs a body while no other process does so for the same path. A lock whose process is gone does not count. */
export async function withLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  body: () => Promise<T>,
): Promise<T> {
  const lock = `${path}.lock`;
  await mkdir(dirname(path), { recursive: true });
  for (;;) {
    try {
      const file = await open(lock, "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (await isAbandoned(lock)) await rm(lock, { force: true });
      else await setTimeout(LOOK_MS, undefined, { ...(signal && { signal }) });
    }
  }
  try {
    return await body();
  } finally {
    await rm(lock, { force: true });
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  const text = await readFile(lock, "utf8").catch(() => "");
  const pid = Number(text);
  if (text === "" || !Number.isInteger(pid)) return false; // being written, or gone
  try {
    process.kill(pid, 0); // asks whether it lives, and sends nothing
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
