import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const known = new Map<string, string>();

function hashOf(folder: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".js") && !file.startsWith("node_modules"))
    .sort();
  for (const file of files) hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest("hex");
}

/** Changes whenever the code of a package or of core does: results of other code are not taken for its own. */
export function codeFingerprint(folder: string): string {
  const core = dirname(require.resolve("@lab/core/package.json"));
  for (const each of [folder, core]) if (!known.has(each)) known.set(each, hashOf(each));
  return `${known.get(folder)}${known.get(core)}`;
}
