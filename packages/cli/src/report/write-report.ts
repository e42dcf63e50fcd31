import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { atomicWrite } from "@lab/core/io";
import type { Entry } from "./entry.js";
import { reportPage } from "./page.js";

/** Writes the report and returns its path. */
export async function writeReport(path: string, entries: readonly Entry[]): Promise<string> {
  mkdirSync(dirname(path), { recursive: true });
  await atomicWrite(path, new TextEncoder().encode(reportPage(entries, new Date())));
  return path;
}
