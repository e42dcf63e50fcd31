import { existsSync, lstatSync } from "node:fs";
import { readdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { activeFolder, type Layout, versionPrefix } from "./layout.node.js";

/**
 * Makes a version folder the one that the package loads. A link is replaced by renaming another over it, so at every
 * moment either the previous installation or the new one answers.
 */
export async function switchTo(layout: Layout, version: string): Promise<void> {
  const link = join(layout.lib, ".napi-v8.next");
  await rm(link, { force: true, recursive: true });
  await symlink(version, link, "dir");
  const active = lstatSync(layout.active, { throwIfNoEntry: false });
  // The folder that came with the package is kept beside it for `uninstall`.
  if (active?.isDirectory()) {
    await rm(layout.shipped, { recursive: true, force: true });
    await rename(layout.active, layout.shipped);
  }
  await rename(link, layout.active);
}

/** Puts back the folder that came with the package, where a switch was cut between its two renames. */
export async function recoverSwitch(layout: Layout): Promise<void> {
  const active = lstatSync(layout.active, { throwIfNoEntry: false });
  if (active === undefined && existsSync(layout.shipped)) await rename(layout.shipped, layout.active);
}

/** Removes version folders that nothing points at any more. */
export async function removeOldVersions(layout: Layout): Promise<void> {
  const active = activeFolder(layout);
  for (const name of await readdir(layout.lib)) {
    const folder = join(layout.lib, name);
    if (name.startsWith(versionPrefix) && folder !== active)
      await rm(folder, { recursive: true, force: true });
  }
}
