// node run.mjs COMMAND...: install what the lock file names, then run COMMAND through pnpm.
import { install, pnpm } from "./bootstrap.mjs";

await install();
if (process.argv.length > 2) process.exit(await pnpm(["exec", ...process.argv.slice(2)]));
