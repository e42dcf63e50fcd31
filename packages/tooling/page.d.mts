import type { BuildOptions } from "esbuild";
import type { Browser } from "playwright-core";

/** The system's Chromium, or `undefined` where none is installed: the test then skips and says so. */
export const browserPath: string | undefined;

/** Flags for WebGPU on the browser's software adapter. */
export const softwareGpu: readonly string[];

/** Starts the browser; the caller closes it. */
export function launchBrowser(flags?: readonly string[]): Promise<Browser>;

/** What the promise `globalThis.result` of a program resolves to in a page; plain JSON. */
export function runInPage<Result = unknown>(
  program: string,
  options: {
    folder: string;
    files?: Record<string, Uint8Array>;
    flags?: readonly string[];
    bundle?: BuildOptions;
  },
): Promise<Result>;
