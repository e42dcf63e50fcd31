// Before a publication from a workflow: the manifests name the repository that publishes them, as provenance requires.
// Elsewhere nothing happens.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";
import { publicPackages } from "./public-packages.mjs";

const { GITHUB_REPOSITORY: repository, GITHUB_SERVER_URL: server } = process.env;
if (repository && server) {
  for (const { name, folder } of publicPackages(root)) {
    const file = join(folder, "package.json");
    const manifest = JSON.parse(readFileSync(file, "utf8"));
    manifest.repository = {
      type: "git",
      url: `git+${server}/${repository}.git`,
      directory: `packages/${name}`,
    };
    writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
  }
}
