import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { version_core } from "@tensorflow/tfjs-core";

const require = createRequire(import.meta.url);

/** The manifest of this package. */
export const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
  dependencies: Record<string, string>;
};

/** Version of the command line. */
export const version = manifest.version;

/** Versions that a result of a package depends on. */
export function versions(source?: { name: string; version: string }): Record<string, string> {
  const core = (require("@lab/core/package.json") as { version: string }).version;
  return {
    ...(source ? { [source.name]: source.version } : {}),
    "@lab/core": core,
    "@tensorflow/tfjs-core": version_core,
    node: process.versions.node,
  };
}
