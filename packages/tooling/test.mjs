// npm test: build, typecheck, test every package; the last line counts the tests of all of them.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { install, pnpm, root } from "./bootstrap.mjs";

const packages = readdirSync(join(root, "packages"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => join(root, "packages", entry.name))
  .filter((folder) => existsSync(join(folder, "package.json")))
  .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
  .filter(({ manifest }) => manifest.scripts?.test);
const resultsOf = (folder) => join(folder, ".test-results", "results.json");

await install();
// Old counts must not be taken for new ones; a cache hit brings its own back.
for (const { folder } of packages) rmSync(join(folder, ".test-results"), { recursive: true, force: true });
const status = await pnpm([
  "exec",
  "turbo",
  "run",
  "build",
  "typecheck",
  "test",
  "--continue",
  "--concurrency=2",
]);

let passed = 0;
let failed = 0;
let skipped = 0;
for (const { folder, manifest } of packages) {
  if (!existsSync(resultsOf(folder))) {
    console.error(`${manifest.name}: no test results; counted as one failure`);
    failed += 1;
    continue;
  }
  const results = JSON.parse(readFileSync(resultsOf(folder), "utf8"));
  passed += results.numPassedTests;
  failed += results.numFailedTests;
  skipped += results.numPendingTests;
  // A file that does not load has no tests of its own to count.
  for (const file of results.testResults) {
    if (file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"))
      failed += 1;
    for (const test of file.assertionResults) {
      if (test.status === "skipped" || test.status === "pending")
        console.log(`skipped: ${manifest.name}: ${test.fullName}`);
    }
  }
}
if (status !== 0 && failed === 0) {
  console.error("a build or a type check failed; counted as one failure");
  failed = 1;
}
if (skipped > 0) console.log(`${skipped} skipped, named above`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && status === 0 ? 0 : status || 1;
