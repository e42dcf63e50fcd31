// npm run release:rehearse: the whole way of a release, against a registry that lives in a temporary folder.
//   A clone of the committed state is built and published, each package is installed alone by its README's own line and
//   runs its README's example; then core gets a patch, a minor and a major by changesets: who moves, publish, install.
// LAB_VERDACCIO names a folder with node_modules/verdaccio; without it `npx verdaccio@6` is asked for.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./bootstrap.mjs";
import { publicPackages } from "./public-packages.mjs";
import { writeReadmeExample } from "./readme-example.mjs";

const { values: flags } = parseArgs({
  options: { only: { type: "string" }, keep: { type: "boolean", default: false } },
});
const work = mkdtempSync(join(tmpdir(), "lab-release-"));
const clone = join(work, "clone");
const userConfig = join(work, "npmrc");

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** The registry: no way to another one, anybody may publish, nothing outlives the rehearsal. */
async function startRegistry() {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}/`;
  const config = join(work, "registry.yaml");
  writeFileSync(
    config,
    `storage: ${join(work, "registry")}\nauth:\n  htpasswd:\n    file: ${join(work, "htpasswd")}\n` +
      `packages:\n  "@lab/*":\n    access: $all\n    publish: $all\nlog: { type: file, path: ${join(work, "registry.log")}, level: warn }\n`,
  );
  const named =
    process.env.LAB_VERDACCIO && join(process.env.LAB_VERDACCIO, "node_modules", ".bin", "verdaccio");
  if (named && !existsSync(named)) throw new Error(`LAB_VERDACCIO: there is no ${named}`);
  const [command, ...before] = named ? [named] : ["npx", "--yes", "verdaccio@6"];
  const server = spawn(command, [...before, "--config", config, "--listen", address], {
    stdio: "ignore",
    detached: true,
  });
  const stop = () => {
    try {
      process.kill(-server.pid, "SIGTERM");
    } catch {
      // It ended by itself.
    }
  };
  process.on("exit", stop);
  for (let tries = 0; tries < 120 && server.exitCode === null; tries++) {
    if (
      await fetch(`${address}-/ping`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return { address, stop };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  stop();
  throw new Error(
    `no local registry: "${command} ${before.join(" ")}" did not start; npm install verdaccio@6 in some folder and name it by LAB_VERDACCIO`,
  );
}

const registry = await startRegistry().catch(({ message }) => {
  console.error(`release:rehearse: ${message}`);
  process.exit(2);
});
// A token must be there, any token: the registry above asks nobody who he is.
writeFileSync(
  userConfig,
  `@lab:registry=${registry.address}\n${registry.address.replace("http:", "")}:_authToken=rehearsal\n`,
);
const env = {
  ...process.env,
  LAB_BACKEND: "",
  NPM_CONFIG_USERCONFIG: userConfig,
  "npm_config_@lab:registry": registry.address,
  TURBO_TELEMETRY_DISABLED: "1",
  GITHUB_SERVER_URL: "https://example.org",
  GITHUB_REPOSITORY: "somebody/lab",
};

let failures = 0;
const say = (text) => console.log(text);
function must(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env,
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}
function check(label, command, args, cwd) {
  try {
    must(command, args, cwd);
  } catch ({ message }) {
    failures += 1;
    console.error(`FAILED: ${label}: ${message}`);
    return false;
  }
  return true;
}

const versions = () =>
  Object.fromEntries(publicPackages(clone).map(({ manifest }) => [manifest.name, manifest.version]));

function publish() {
  must("npm", ["run", "release:publish"], clone);
  must("git", ["restore", "."], clone); // what the publication wrote into the manifests
  for (const [name, version] of Object.entries(versions())) {
    const found = must("npm", ["view", `${name}@${version}`, "version"], work).trim();
    if (found !== version) throw new Error(`${name}@${version} is not in the registry`);
  }
}

/** The variable of the workflow makes the publisher ask for provenance: here, outside a workflow, it must refuse. */
function provenanceIsAskedFor() {
  const workflow = readFileSync(join(clone, ".github", "workflows", "release.yml"), "utf8");
  const variable = /^\s+(\w*PROVENANCE): "true"/m.exec(workflow)?.[1];
  const repository = must("npm", ["view", "@lab/core", "repository.url"], work).trim();
  if (repository !== "git+https://example.org/somebody/lab.git")
    throw new Error(`the published manifest names the repository ${repository}`);
  const { stdout, stderr } = spawnSync("pnpm", ["publish", "--no-git-checks", "--tag", "rehearsal"], {
    cwd: join(clone, "packages", "core"),
    encoding: "utf8",
    env: { ...env, GITHUB_ACTIONS: "", ...(variable && { [variable]: "true" }) },
  });
  if (!/PROVENANCE/.test(`${stdout}${stderr}`))
    throw new Error(`provenance is not asked for: ${stdout}${stderr}`);
  say("  provenance is asked for, and refused outside a workflow");
}

/** Installs a package alone in an empty folder, by the line of its README, and runs the example. */
function installAlone({ name, folder: source, manifest }, label) {
  const readme = join(source, "README.md");
  const line = /^npm install (.+?)(?:\s+#.*)?$/m.exec(readFileSync(readme, "utf8"))[1];
  const folder = join(work, label, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", ...line.split(" ")];
  const done = [];
  if (!check(`${name}: npm install`, "npm", args, folder)) return;
  if (writeReadmeExample(readme, folder)) {
    for (const [kind, file] of [
      ["ES module", "example.mjs"],
      ["CommonJS", "example.cjs"],
    ])
      if (check(`${name}: README example, ${kind}`, process.execPath, [file], folder)) done.push(kind);
  }
  if (name === "cli" && check("cli: lab list", "npx", ["lab", "list"], folder)) done.push("lab list");
  const got = JSON.parse(readFileSync(join(folder, "node_modules", manifest.name, "package.json"), "utf8"));
  const core = JSON.parse(readFileSync(join(folder, "node_modules", "@lab", "core", "package.json"), "utf8"));
  say(`  ${manifest.name} ${got.version} with core ${core.version}: installed, ${done.join(", ")}`);
  if (got.version !== manifest.version) {
    failures += 1;
    console.error(`FAILED: ${manifest.name} ${manifest.version} was published, ${got.version} was installed`);
  }
  rmSync(folder, { recursive: true });
}

const chosen = () =>
  publicPackages(clone).filter(({ name }) => !flags.only || flags.only.split(",").includes(name));

/** What core's next step must move: leaves have it as a peer, the command line depends on it. */
const expected = {
  patch: (name) => name === "@lab/core",
  minor: (name) => name === "@lab/core",
  major: () => true,
};

try {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
    cwd: root,
    encoding: "utf8",
  }).trim();
  say(`clone of ${commit}, registry ${registry.address}`);
  must("git", ["clone", "--quiet", "--no-hardlinks", root, clone], work);
  must("git", ["switch", "--quiet", "-C", "main"], clone);
  must("git", ["config", "user.name", "rehearsal"], clone);
  must("git", ["config", "user.email", "rehearsal@localhost"], clone);
  must("pnpm", ["install", "--frozen-lockfile", "--prefer-offline"], clone);
  must(
    "pnpm",
    ["exec", "turbo", "run", "build", "--concurrency=2", "--cache-dir", join(root, ".turbo", "cache")],
    clone,
  );
  say("first release");
  publish();
  provenanceIsAskedFor();
  for (const each of chosen()) installAlone(each, "first");

  for (const level of ["patch", "minor", "major"]) {
    const before = versions();
    writeFileSync(
      join(clone, ".changeset", "rehearsal.md"),
      `---\n"@lab/core": ${level}\n---\n\nA ${level} of core, rehearsed.\n`,
    );
    must("pnpm", ["exec", "changeset", "version"], clone);
    must("git", ["commit", "--quiet", "--all", "--message", `chore: core ${level}`], clone);
    const moved = Object.entries(versions()).filter(([name, version]) => before[name] !== version);
    say(
      `core ${level}: ${moved.map(([name, version]) => `${name} ${before[name]} → ${version}`).join(", ")}`,
    );
    for (const name of Object.keys(before)) {
      if (moved.some(([other]) => other === name) === expected[level](name)) continue;
      failures += 1;
      console.error(`FAILED: core ${level}: ${name} ${before[name]} → ${versions()[name]}`);
    }
    publish();
    for (const each of chosen()) installAlone(each, level);
  }
} catch ({ message }) {
  failures += 1;
  console.error(`FAILED: ${message}`);
} finally {
  registry.stop();
  if (flags.keep) say(`kept: ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
say(failures === 0 ? "the release works" : `${failures} steps failed`);
process.exitCode = failures === 0 ? 0 : 1;
