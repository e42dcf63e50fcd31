// Runs the engine's own specifications of some ops on the backend that LAB_BACKEND names, with core's kernels.
// Bundled by engine-specs.test.ts together with the specifications; prints one JSON line with the outcome.
import { createRequire } from "node:module";
import { init } from "../../src/index.ts";

const backendName = process.env.LAB_BACKEND || "wasm";
const require = createRequire(process.env.LAB_REQUIRE_FROM);
const jasmineRequire = require("jasmine-core");
const jasmine = jasmineRequire.core(jasmineRequire);
const env = jasmine.getEnv();
Object.assign(globalThis, jasmineRequire.interface(jasmine, env), { jasmine });
env.configure({ random: false });

await init({ backend: backendName });
await import("@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js");
const { setTestEnvs } = await import("@tensorflow/tfjs-core/dist/jasmine_util.js");
setTestEnvs([{ name: backendName, backendName, isDataSync: true }]);
await import("lab:specs");

const failed = [];
let [passed, pending] = [0, 0];
env.addReporter({
  specDone({ status, fullName, failedExpectations }) {
    if (status === "passed") passed += 1;
    else if (status === "failed")
      failed.push({ name: fullName, message: failedExpectations[0]?.message.slice(0, 200) });
    else pending += 1;
  },
});
await env.execute();
process.stdout.write(`${JSON.stringify({ passed, pending, failed })}\n`);

process.exitCode = 0;
