import { BackendError } from "../errors/index.js";

/**
 * A module of Node's own, got without an import, so that code which may also be bundled for a page can use files.
 *
 * @param name - Such as `node:fs/promises`.
 * @param caller - The public function that needs it, for the message.
 * @throws {@link BackendError} outside Node.
 *
 * @example
 * ```ts
 * import { nodeModule } from "@lab/core/io";
 *
 * const path = nodeModule<typeof import("node:path")>("node:path", "example");
 * path.basename("digits/three.png"); // => "three.png"
 * ```
 */
export function nodeModule<Module extends object>(name: `node:${string}`, caller: string): Module {
  const module = globalThis.process?.getBuiltinModule?.(name);
  if (!module) {
    const message = `${caller}: ${name} is not there; expected Node 20.19 or newer, for a page has no file system`;
    throw new BackendError(message, { backend: "browser" });
  }
  return module as Module;
}
