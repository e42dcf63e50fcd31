import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { manifest } from "./versions.js";

/** A package that brings experiments, commands or task handlers. */
export interface FoundPackage {
  name: string;
  version: string;
  folder: string;
  /** Subpaths that it exports. */
  subpaths: readonly string[];
  /** Loads one of them. */
  load(subpath: string): Promise<Record<string, unknown>>;
}

const SUBPATHS = ["./experiments", "./commands", "./worker"];

function dependenciesOf(folder: string): string[] {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return [];
  try {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(path, "utf8"));
    return [...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})];
  } catch {
    return []; // a user's broken manifest is not ours to complain about
  }
}

function inspect(name: string, require: NodeJS.Require): FoundPackage | undefined {
  let path: string;
  try {
    path = require.resolve(`${name}/package.json`);
  } catch {
    return undefined; // not installed, or it hides its manifest: then it does not take part
  }
  const { version, exports } = JSON.parse(readFileSync(path, "utf8"));
  const subpaths = SUBPATHS.filter((subpath) => exports?.[subpath] !== undefined);
  if (subpaths.length === 0) return undefined;
  const folder = dirname(path);
  const esm = (subpath: string): string => {
    const target = exports[subpath];
    const file = target.node?.import?.default ?? target.import?.default ?? target.default ?? target;
    return pathToFileURL(join(folder, String(file))).href;
  };
  return { name, version, folder, subpaths, load: (subpath) => import(esm(subpath)) };
}

/** The packages that this command line comes with, and those that the project in the current folder depends on. */
export function findPackages(): FoundPackage[] {
  const own = createRequire(import.meta.url);
  const project = createRequire(join(process.cwd(), "package.json"));
  const found = new Map<string, FoundPackage>();
  const consider = (names: string[], require: NodeJS.Require) => {
    for (const name of names) {
      if (found.has(name)) continue;
      const inspected = inspect(name, require);
      if (inspected) found.set(name, inspected);
    }
  };
  consider(Object.keys(manifest.dependencies), own);
  consider(dependenciesOf(process.cwd()), project);
  return [...found.values()];
}
