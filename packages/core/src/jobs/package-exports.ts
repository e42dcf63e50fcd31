/** The parts of a package.json that say where its entry points are. */
export interface Manifest {
  /** Name of the package. */
  name?: string;
  /** Entry points of current packages. */
  exports?: unknown;
  /** Entry point of packages without `exports`. */
  main?: string;
}

type Conditions = ReadonlySet<string>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The file of a package's entry point, as Node's `import` finds it.
 *
 * @param manifest - The package's package.json.
 * @param subpath - `"."` or `"./name"`.
 * @param conditions - Names such as `node`, `import`; `default` always holds.
 * @returns Path relative to the package, or `undefined`.
 */
export function entryOf(manifest: Manifest, subpath: string, conditions: Conditions): string | undefined {
  const { exports } = manifest;
  if (exports === undefined || exports === null) {
    return subpath === "." ? (manifest.main ?? "./index.js") : subpath;
  }
  const isMap = isObject(exports) && Object.keys(exports).every((key) => key.startsWith("."));
  const entries: Record<string, unknown> = isMap ? exports : { ".": exports };
  if (subpath in entries) return target(entries[subpath], "", conditions);
  const patterns = Object.keys(entries)
    .filter((key) => key.includes("*"))
    .sort((a, b) => b.indexOf("*") - a.indexOf("*"));
  for (const pattern of patterns) {
    const [before, after] = pattern.split("*") as [string, string];
    const isMatch = subpath.startsWith(before) && subpath.endsWith(after);
    if (!isMatch || subpath.length < pattern.length) continue;
    return target(entries[pattern], subpath.slice(before.length, subpath.length - after.length), conditions);
  }
  return undefined;
}

function target(value: unknown, star: string, conditions: Conditions): string | undefined {
  if (typeof value === "string") return value.replaceAll("*", star);
  if (Array.isArray(value)) {
    for (const candidate of value) {
      const found = target(candidate, star, conditions);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isObject(value)) return undefined;
  for (const [condition, candidate] of Object.entries(value)) {
    if (condition !== "default" && !conditions.has(condition)) continue;
    const found = target(candidate, star, conditions);
    if (found !== undefined) return found;
  }
  return undefined;
}
