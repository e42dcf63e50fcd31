import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { removePackage } from "./add-package.node.js";
import { activeFolder, findPackage, layoutOf, readRecord } from "./layout.node.js";
import { withLock } from "./lock.node.js";
import { type RunProgram, runProgram } from "./run-program.node.js";
import { removeOldVersions } from "./switch.node.js";

/** What to undo. */
export interface UninstallOptions {
  /** Project folder. */
  dir: string;
  /** Receives one line for each step. */
  report?: (line: string) => void;
  /** Starts programs; replaced in tests. */
  run?: RunProgram;
}

/**
 * Undoes {@link installTensorflow}: removes what it put there, brings back the binding that came with the npm package
 * if there was one, and takes the package out of the project if the installer had added it.
 *
 * @returns Whether there was anything to undo.
 */
export async function uninstallTensorflow(options: UninstallOptions): Promise<boolean> {
  const { report = () => {}, run = runProgram } = options;
  const dir = resolve(options.dir);
  const packageFolder = findPackage(dir);
  const layout = packageFolder ? layoutOf(packageFolder) : undefined;
  const version = layout && activeFolder(layout);
  if (layout === undefined || (version === undefined && !existsSync(layout.stage))) {
    report(`${dir}: nothing is installed here`);
    return false;
  }
  const record = readRecord(version ?? "");
  await withLock(layout.lock, async () => {
    if (version !== undefined) await rm(layout.active, { force: true });
    await removeOldVersions(layout);
    if (existsSync(layout.shipped) && !existsSync(layout.active)) {
      await rename(layout.shipped, layout.active);
      report("the binding that came with the package is back");
    }
  });
  await rm(layout.stage, { recursive: true, force: true });
  if (record?.addedPackage) await removePackage(dir, run);
  report(`TensorFlow ${record?.tensorflow ?? ""} is removed from ${dir}`.replace("  ", " "));
  return true;
}
