import { checkChoice } from "../check/index.js";
import { DataError } from "../errors/index.js";
import { defaultFolders, fileIn, subfolder } from "./files.node.js";
import { type DataName, dataSources } from "./sources.js";

/** Where a data set was found. */
export interface DataLocation {
  /** Folder that holds its files. */
  dir: string;
  /** Which rule led there: `"dir"`, `"LAB_DATA_DIR"` or `"cache"`. */
  source: string;
}

/** Where to look for a data set. */
export interface FindDataOptions {
  /** Folder to look in before `LAB_DATA_DIR` and the cache. */
  dir?: string | undefined;
}

/**
 * The folder that holds a data set, if there is one on this machine.
 *
 * Looks in `dir`, then in the folder that the environment variable `LAB_DATA_DIR` names, then in the cache of
 * `downloadData`; in each, in a subfolder named after the data and in the folder itself. Files may be gzipped.
 *
 * @param name - Name of the data set.
 * @param options - See {@link FindDataOptions}.
 * @returns The folder and the rule that led there, or `null`; callers then fall back to {@link glyphs}.
 * @throws {@link ArgumentError} for a name that is not in {@link dataSources}.
 */
export async function findData(name: DataName, options: FindDataOptions = {}): Promise<DataLocation | null> {
  checkChoice(
    "findData",
    "name",
    name,
    dataSources.map((source) => source.name),
  );
  return search(name, options.dir);
}

function search(name: DataName, dir: string | undefined): DataLocation | null {
  const source = dataSources.find((candidate) => candidate.name === name)!;
  const roots = [...(dir === undefined ? [] : [{ dir, source: "dir" }]), ...defaultFolders()];
  for (const root of roots) {
    const folders = source.folders.map((folder) => subfolder(root.dir, folder));
    // MNIST's file names are also those of its look-alikes: only a folder given for it may hold them directly.
    if (root.source === "dir" || !source.sharesFileNames) folders.push(root.dir);
    for (const folder of folders) {
      if (source.required.every((file) => fileIn(folder, source.aliases?.[file] ?? [file]) !== undefined)) {
        return { dir: folder, source: root.source };
      }
    }
  }
  return null;
}

/** Paths of files of a data set; `undefined` for those that are not there. */
export function locateFiles(
  caller: string,
  name: DataName,
  dir: string | undefined,
  files: readonly string[],
): (string | undefined)[] {
  const source = dataSources.find((candidate) => candidate.name === name)!;
  const pathsIn = (folder: string) => files.map((file) => fileIn(folder, source.aliases?.[file] ?? [file]));
  if (dir !== undefined) {
    // A folder that is named may hold only the part that is asked for.
    for (const folder of [...source.folders.map((sub) => subfolder(dir, sub)), dir]) {
      const paths = pathsIn(folder);
      if (paths.some((path) => path !== undefined)) return paths;
    }
    throw new DataError(
      `${caller}: dir ${dir} holds no ${files[0]}; it, or its folder ${source.folders[0]}, was expected to hold it, plain or gzipped`,
      { path: dir },
    );
  }
  const found = search(name, undefined);
  if (found) return pathsIn(found.dir);
  const looked = defaultFolders().map((folder) => folder.dir);
  throw new DataError(
    `${caller}: ${name} is not in ${looked.join(" nor in ") || "any folder"}; set LAB_DATA_DIR, give dir, or run: npx lab data get ${name}`,
    { path: looked[0] ?? name },
  );
}
