// npm run check:pack: what each package would publish. Nothing but what is built, its sources and its papers goes in;
// licence and README are there; whatever others wrote and the build took in is named in NOTICE; no range of the workspace is left.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";
import { publicPackages } from "./public-packages.mjs";

const ALLOWED = /^(dist\/|src\/|package\.json$|README\.md$|LICENSE$|NOTICE$|CHANGELOG\.md$)/;
const UNWANTED =
  /(^|\/)(tests?|bench|reference|node_modules|\.[^/]+)\/|\.(test|spec|bench)\.|\.tsbuildinfo$|\.tgz$/;

/** A dozen lines for CommonJS that the build itself adds. */
const GLUE = "tsup";

const work = mkdtempSync(join(tmpdir(), "lab-pack-"));
let failures = 0;
for (const { name, folder, manifest } of publicPackages(root)) {
  const complaints = [];
  const packed = execFileSync("pnpm", ["pack", "--pack-destination", work, "--json"], {
    cwd: folder,
    encoding: "utf8",
  });
  const tarball = JSON.parse(packed).filename;
  const read = (file) =>
    execFileSync("tar", ["-xOf", tarball, `package/${file}`], { encoding: "utf8", maxBuffer: 2 ** 28 });
  const files = execFileSync("tar", ["-tf", tarball], { encoding: "utf8", maxBuffer: 2 ** 26 })
    .trim()
    .split("\n")
    .map((file) => file.replace(/^package\//, ""));

  for (const file of files) if (!ALLOWED.test(file) || UNWANTED.test(file)) complaints.push(`holds ${file}`);
  for (const file of ["LICENSE", "README.md", "CHANGELOG.md"])
    if (!files.includes(file)) complaints.push(`lacks ${file}`);
  if (read("LICENSE") !== readFileSync(join(root, "LICENSE"), "utf8"))
    complaints.push("LICENSE is not the repository's");

  const published = JSON.parse(read("package.json"));
  if (published.license !== "Apache-2.0") complaints.push(`its licence is ${published.license}`);
  if (/"(workspace|catalog):/.test(JSON.stringify(published)))
    complaints.push("package.json keeps a range of the workspace");
  const scripts = Object.keys(published.scripts ?? {}).filter((script) => /install$|^prepare$/.test(script));
  if (scripts.length > 0) complaints.push(`runs ${scripts} at its installation`);
  const paths = JSON.stringify([published.exports, published.main, published.types, published.bin]);
  for (const [, path] of paths.matchAll(/"\.\/((?:dist|src)\/[^"]+)"/g))
    if (!path.includes("*") && !files.includes(path))
      complaints.push(`package.json names ${path}, which is not there`);

  // The maps of what was built name the sources that went in: those of others must stand in NOTICE.
  const others = new Set();
  for (const file of files.filter((each) => each.endsWith(".map"))) {
    for (const source of JSON.parse(read(file)).sources) {
      const found = /.*node_modules\/(?:\.pnpm\/)?((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];
      if (found && found !== GLUE && !found.startsWith("@lab/")) others.add(found);
    }
  }
  for (const other of others) {
    if (!files.includes("NOTICE")) complaints.push(`holds code of ${other} without a NOTICE`);
    else if (!read("NOTICE").includes(other)) complaints.push(`NOTICE does not name ${other}`);
  }

  const kilobytes = Math.round(statSync(tarball).size / 1000);
  console.log(
    `${manifest.name} ${manifest.version}: ${files.length} files, ${kilobytes} kB packed${others.size > 0 ? `, with code of ${[...others].join(", ")}` : ""}`,
  );
  for (const complaint of complaints) console.error(`  ${name}: ${complaint}`);
  failures += complaints.length;
}
rmSync(work, { recursive: true });
process.exitCode = failures === 0 ? 0 : 1;
