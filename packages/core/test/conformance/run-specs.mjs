// The specifications in a process of their own, on the backend that LAB_BACKEND names; prints one JSON line with the outcome.
import { createRequire } from "node:module";
import { runSpecs } from "./specs.mjs";

const require = createRequire(process.env.LAB_REQUIRE_FROM);
const outcome = await runSpecs(process.env.LAB_BACKEND || "wasm", require("jasmine-core"));
process.stdout.write(`${JSON.stringify(outcome)}\n`);

process.exitCode = 0;
