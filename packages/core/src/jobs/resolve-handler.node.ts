import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ArgumentError } from "../errors/index.js";
import { entryOf, type Manifest } from "./package-exports.js";
import type { TaskHandler } from "./types.js";

/**
 * Address of a handler module, found as `import` would find it from a file in one of these folders: that of `from`, the
 * working directory, that of the program that was started, that of this package.
 */
export function resolveHandler(caller: string, specifier: string, from?: string): string {
  if (specifier.startsWith("file:")) return specifier;
  if (isAbsolute(specifier)) return pathToFileURL(specifier).href;
  const base = from === undefined ? process.cwd() : dirname(fileURLToPath(from));
  if (/^\.\.?[/\\]/.test(specifier)) return pathToFileURL(resolve(base, specifier)).href;
  const here = dirname(fileURLToPath(import.meta.url));
  for (const folder of [base, process.cwd(), programFolder(), here]) {
    const found = folder === undefined ? undefined : resolvePackage(specifier, folder);
    if (found !== undefined) return pathToFileURL(found).href;
  }
  throw new ArgumentError(
    `${caller}: handler ${JSON.stringify(specifier)} is no entry point of a package that ${base} can import; a file URL, a path beginning with ./ or an installed package's entry point was expected`,
    { argument: "handler", value: specifier },
  );
}

/** Folder of the program that was started; programs are often started by a link. */
function programFolder(): string | undefined {
  const program = process.argv[1];
  return program !== undefined && existsSync(program) ? dirname(realpathSync(program)) : undefined;
}

/** Conditions of `import` in this process, with those of its command line. */
function conditions(): Set<string> {
  const words = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(/\s+/)];
  const found = new Set(["node", "import"]);
  for (const [i, word] of words.entries()) {
    const joined = /^--conditions=(.+)$/.exec(word)?.[1];
    const named = joined ?? (word === "-C" || word === "--conditions" ? words[i + 1] : undefined);
    if (named) found.add(named);
  }
  return found;
}

function resolvePackage(specifier: string, from: string): string | undefined {
  const parts = specifier.split("/");
  const name = parts.splice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const subpath = ["." as string, ...parts].join("/");
  for (let folder = from; ; folder = dirname(folder)) {
    const own = readManifest(folder);
    const [root, manifest] =
      own?.name === name && own.exports !== undefined
        ? [folder, own]
        : [join(folder, "node_modules", name), readManifest(join(folder, "node_modules", name))];
    if (manifest !== undefined) {
      const entry = entryOf(manifest, subpath, conditions());
      return entry === undefined ? undefined : join(root, entry);
    }
    if (dirname(folder) === folder) return undefined;
  }
}

function readManifest(folder: string): Manifest | undefined {
  const path = join(folder, "package.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : undefined;
}

async function importModule(href: string): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ href);
  } catch (error) {
    // In the CommonJS build the line above is a require, which knows no addresses of files.
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    // Written as a text, it stays an import in every build.
    const nativeImport = new Function("href", "return import(href)") as (href: string) => Promise<unknown>;
    return nativeImport(href);
  }
}

/** Imports a handler module into this process. */
export async function importHandler(href: string): Promise<TaskHandler<unknown, unknown>> {
  const module = (await importModule(href)) as { default?: unknown };
  // A CommonJS build has its default export one level further down.
  const inner = (module.default as { default?: unknown } | undefined)?.default;
  const handler = typeof module.default === "function" ? module.default : inner;
  if (typeof handler === "function") return handler as TaskHandler<unknown, unknown>;
  throw new ArgumentError(
    `mapTasks: handler ${href} has no default export that is a function; export default (input, context) => output was expected`,
    { argument: "handler", value: href },
  );
}
