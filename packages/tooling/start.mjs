// npm start: build, then reproduce the papers quickly and write the report.
import { install, pnpm } from "./bootstrap.mjs";

await install();
const built = await pnpm([
  "exec",
  "turbo",
  "run",
  "build",
  "--filter=@lab/cli...",
  "--output-logs=errors-only",
]);
if (built !== 0) process.exit(built);
const extra = process.argv.slice(2);
process.exit(
  await pnpm(["exec", "node", "packages/cli/dist/bin.js", "reproduce", "--quick", "--report", ...extra]),
);
