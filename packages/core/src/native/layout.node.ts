import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The npm package under whose JavaScript the new TensorFlow goes. */
export const bindingPackage = "@tensorflow/tfjs-node";

/** What an installation writes about itself into its folder. */
export interface InstallRecord {
  /** Version that the library reported in the smoke test. */
  tensorflow: string;
  /** Version asked for, or `wheel` for a file that was given. */
  requested: string;
  /** Whether the CUDA libraries are in. */
  gpu: boolean;
  /** Bytes on disk. */
  bytes: number;
  /** Whether the npm package was added to the project for this. */
  addedPackage: boolean;
}

/** Paths of an installation inside the npm package. */
export interface Layout {
  /** The npm package's folder. */
  packageFolder: string;
  /** Folder of everything native. */
  lib: string;
  /** What the package loads: a link to one of the version folders, or the folder that came with the package. */
  active: string;
  /** Where the binding that came with the package is kept meanwhile. */
  shipped: string;
  /** Downloads and unfinished work. */
  stage: string;
  /** Says which process is at work. */
  lock: string;
}

/** Name of the compiled binding. */
export const bindingFile = "tfjs_binding.node";

/** Name of {@link InstallRecord} on disk. */
export const recordFile = "lab-tensorflow.json";

/** Name of version folders: this and anything. */
export const versionPrefix = "lab-";

/** The folder of the npm package as the project `dir` would load it, or `undefined`. */
export function findPackage(dir: string, name: string = bindingPackage): string | undefined {
  // By hand: Node remembers what it resolved, and the installer adds and removes packages.
  for (let folder = resolve(dir); ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    if (existsSync(join(found, "package.json"))) return realpathSync(found);
    if (folder === dirname(folder)) return undefined;
  }
}

/** Paths of an installation in the npm package at `packageFolder`. */
export function layoutOf(packageFolder: string): Layout {
  const lib = join(packageFolder, "lib");
  return {
    packageFolder,
    lib,
    active: join(lib, "napi-v8"),
    shipped: join(lib, "napi-v8.shipped"),
    stage: join(lib, ".lab-stage"),
    lock: join(lib, ".lab-lock"),
  };
}

/** The record of the version folder at `folder`; `undefined` when it is not complete. */
export function readRecord(folder: string): InstallRecord | undefined {
  try {
    if (!existsSync(join(folder, bindingFile))) return undefined;
    return JSON.parse(readFileSync(join(folder, recordFile), "utf8")) as InstallRecord;
  } catch {
    return undefined;
  }
}

/** The version folder that is switched on, or `undefined`. */
export function activeFolder(layout: Layout): string | undefined {
  return lstatSync(layout.active, { throwIfNoEntry: false })?.isSymbolicLink()
    ? resolve(layout.lib, readlinkSync(layout.active))
    : undefined;
}

/** Version of the npm package at `folder`. */
export function packageVersion(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
}
