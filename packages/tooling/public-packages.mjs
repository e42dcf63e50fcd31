// The packages that are published, each after those that it needs.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `{ name, folder, manifest }` of every public package of the workspace at `root`, in the order of dependency. */
export function publicPackages(root) {
  const found = readdirSync(join(root, "packages"))
    .map((name) => ({ name, folder: join(root, "packages", name) }))
    .filter(({ folder }) => existsSync(join(folder, "package.json")))
    .map((each) => ({
      ...each,
      manifest: JSON.parse(readFileSync(join(each.folder, "package.json"), "utf8")),
    }))
    .filter(({ manifest }) => !manifest.private);
  const byName = new Map(found.map((each) => [each.manifest.name, each]));
  const ordered = new Set();
  const add = (each) => {
    const { dependencies, peerDependencies } = each.manifest;
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies }))
      if (byName.has(needed)) add(byName.get(needed));
    ordered.add(each);
  };
  for (const each of found) add(each);
  return [...ordered];
}
