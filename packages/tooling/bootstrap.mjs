// The pinned package manager and the pinned dependencies, from Node and npm alone.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..", "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const version = manifest.packageManager.split("@")[1].split("+")[0];
const shell = process.platform === "win32";
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };

/** Stops with one line when the running Node is older than `engines.node` asks for. */
export function requireNode() {
  const wanted = manifest.engines.node.replace(">=", "").split(".").map(Number);
  const found = process.versions.node.split(".").map(Number);
  if (found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1])) return;
  console.error(
    `lab: Node is ${process.versions.node}; ${manifest.engines.node} was expected; install a newer Node`,
  );
  process.exit(1);
}

// Use the pnpm on PATH when it is the pinned one, else let npm fetch it into its own cache.
function pnpmCommand() {
  const found = spawnSync("pnpm", ["--version"], { cwd: root, env, shell, stdio: "pipe", encoding: "utf8" });
  return found.status === 0 && found.stdout.trim() === version
    ? ["pnpm"]
    : ["npm", "exec", "--yes", `--package=pnpm@${version}`, "--", "pnpm"];
}

let command;

/** Runs pnpm with `args` from the root and resolves to its exit status. */
export function pnpm(args) {
  command ??= pnpmCommand();
  return new Promise((resolve) => {
    const child = spawn(command[0], [...command.slice(1), ...args], {
      cwd: root,
      env,
      shell,
      stdio: "inherit",
    });
    // A child in the same terminal gets Ctrl-C itself; waiting for it lets it stop cleanly.
    process.on("SIGINT", () => {});
    child.on("error", (error) => {
      console.error(`run: "pnpm ${args.join(" ")}" ${error.message}`);
      resolve(1);
    });
    child.on("close", (status, signal) => resolve(status ?? (signal === "SIGINT" ? 130 : 1)));
  });
}

/** Installs exactly what the lock file names. */
export async function install() {
  requireNode();
  const status = await pnpm(["install", "--frozen-lockfile", "--prefer-offline"]);
  if (status !== 0) {
    console.error(`run: the installation of the dependencies exited with ${status}`);
    process.exit(status);
  }
}
