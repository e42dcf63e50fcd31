import { existsSync } from "node:fs";
import { join } from "node:path";
import { failInstall } from "./fail.js";
import { bindingPackage, findPackage, packageVersion } from "./layout.node.js";
import { type RunProgram, tellingLine } from "./run-program.node.js";
import { bindingVersion } from "./wheel.js";

/** The package manager that wrote the project's lock file. */
function manager(dir: string): { name: string; add: string[]; remove: string[] } {
  if (existsSync(join(dir, "pnpm-lock.yaml")))
    return { name: "pnpm", add: ["add", "--ignore-scripts"], remove: ["remove"] };
  return {
    name: "npm",
    add: ["install", "--ignore-scripts", "--no-audit", "--no-fund"],
    remove: ["uninstall"],
  };
}

/**
 * Makes sure that the project has the npm package whose binding is compiled, without its install script.
 *
 * @returns Its folder, and whether it was added now.
 */
export async function addPackage(
  dir: string,
  run: RunProgram,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<{ folder: string; added: boolean }> {
  const found = findPackage(dir);
  if (found && packageVersion(found) === bindingVersion) return { folder: found, added: false };
  const { name, add } = manager(dir);
  report(`${bindingPackage}@${bindingVersion}: adding it to the project with ${name}`);
  const answer = await run(name, [...add, `${bindingPackage}@${bindingVersion}`], {
    cwd: dir,
    ...(signal && { signal }),
  });
  signal?.throwIfAborted();
  const folder = findPackage(dir);
  if (answer.status !== 0 || folder === undefined)
    failInstall(
      `${name} could not add ${bindingPackage} to ${dir} (${tellingLine(answer)})`,
      `see \`${name} ${add.join(" ")} ${bindingPackage}@${bindingVersion}\``,
    );
  return { folder, added: found === undefined };
}

/** Takes the npm package out of the project again. */
export async function removePackage(dir: string, run: RunProgram): Promise<void> {
  const { name, remove } = manager(dir);
  const answer = await run(name, [...remove, bindingPackage], { cwd: dir });
  if (answer.status !== 0)
    failInstall(
      `${name} could not remove ${bindingPackage} (${tellingLine(answer)})`,
      `run \`${name} ${remove[0]} ${bindingPackage}\``,
    );
}
