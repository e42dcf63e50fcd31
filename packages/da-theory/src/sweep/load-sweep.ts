import { DataError } from "@lab/core";
import { nodeModule } from "@lab/core/io";
import { SWEEP, type SweepResult, sweepResult } from "./class-sweep.js";
import type { SweepOutput } from "./sweep-handler.js";

/** A stored training. */
interface Stored {
  name: string;
  key: string;
  output: SweepOutput;
}

async function readStored(path: string): Promise<Stored | undefined> {
  const { readFile } = nodeModule<typeof import("node:fs/promises")>("node:fs/promises", "loadSweep");
  try {
    const stored = JSON.parse(await readFile(path, "utf8")) as Partial<Stored> | null;
    const isOurs =
      stored?.name === SWEEP && typeof stored.key === "string" && Array.isArray(stored.output?.predictions);
    return isOurs ? (stored as Stored) : undefined;
  } catch {
    return undefined; // half-written or foreign: a sweep would train it again
  }
}

/**
 * The finished trainings of a sweep, read from its store; the sweep may still be running.
 *
 * @param store - Folder that was given to `classSweep`.
 * @returns Labels and predictions for `auditClasses`, in the order of settings and seeds.
 * @throws {@link DataError} when the folder cannot be read, holds no finished training, or holds two different ones for a
 * setting and seed. @throws {@link ArgumentError} when trainings were tested on different images.
 * @remarks Needs Node. Settings become numbers when all of them are.
 */
export async function loadSweep(store: string): Promise<SweepResult> {
  const { readdir } = nodeModule<typeof import("node:fs/promises")>("node:fs/promises", "loadSweep");
  const files = await readdir(store).catch((cause: unknown) => {
    throw new DataError(
      `loadSweep: ${store} cannot be read; the store of a sweep was expected`,
      { path: store },
      { cause },
    );
  });
  const found = new Map<string, { setting: string; seed: number; output: SweepOutput }>();
  for (const file of files.filter((name) => name.endsWith(".json")).sort()) {
    const stored = await readStored(`${store}/${file}`);
    if (!stored) continue;
    const parts = stored.key.split("/");
    const seed = Number(parts.at(-2));
    const setting = parts.slice(0, -2).join("/");
    const id = JSON.stringify([setting, seed]);
    if (found.has(id))
      throw new DataError(
        `loadSweep: ${store} holds two trainings of setting ${setting}, seed ${seed}; one sweep was expected; use one store for each`,
        { path: store },
      );
    found.set(id, { setting, seed, output: stored.output });
  }
  if (found.size === 0)
    throw new DataError(`loadSweep: ${store} holds no finished training; the store of a sweep was expected`, {
      path: store,
    });
  const all = [...found.values()];
  const areNumbers = all.every(({ setting }) => setting !== "" && Number.isFinite(Number(setting)));
  all.sort((a, b) => (a.setting === b.setting ? a.seed - b.seed : a.setting < b.setting ? -1 : 1));
  return sweepResult(
    "loadSweep",
    all.map(({ setting, seed, output }) => ({
      run: { setting: areNumbers ? Number(setting) : setting, seed },
      output,
    })),
  );
}
