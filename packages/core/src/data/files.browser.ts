import { BackendError } from "../errors/index.js";

type Twin = typeof import("./files.node.js");

function needsNode(what: string): never {
  throw new BackendError(`${what}: files need Node; in a page use glyphs, or fetch the bytes`, {
    backend: "browser",
  });
}

/** A page has no file system. */
export const readBytes: Twin["readBytes"] = (caller) => needsNode(caller);

/** A page has no file system. */
export const fileIn: Twin["fileIn"] = () => undefined;

/** A page has no folders, so nothing is ever found in them. */
export const defaultFolders: Twin["defaultFolders"] = () => [];

/** A page has no file system. */
export const subfolder: Twin["subfolder"] = (dir, name) => `${dir}/${name}`;
