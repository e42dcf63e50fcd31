import { homedir } from "node:os";
import { join } from "node:path";

/** Folder in which downloaded data are kept: `LAB_CACHE_DIR`, else the system's place for caches. */
export function cacheFolder(): string {
  const { LAB_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (LAB_CACHE_DIR) return join(LAB_CACHE_DIR, "data");
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "lab", "data");
  if (process.platform === "win32" && LOCALAPPDATA) return join(LOCALAPPDATA, "lab", "Cache", "data");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "lab", "data");
  return join(homedir(), ".cache", "lab", "data");
}
