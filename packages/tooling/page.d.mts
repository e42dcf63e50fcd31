/** The system's Chromium, or `undefined` where none is installed: the test then skips and says so. */
export const browserPath: string | undefined;

/** A TypeScript program and the workspace's sources that it imports, as one script for a page. */
export function bundleForPage(contents: string, resolveDir: string): Promise<string>;

/** What the promise `globalThis.result` of a program resolves to in a page; plain JSON. */
export function runInPage(
  program: string,
  options: { folder: string; files?: Record<string, Uint8Array>; flags?: string[] },
): Promise<unknown>;
