// Runs the engine's own specifications of some ops with core's kernels: in a process and in a page.
import { init } from "../../src/index.ts";

/**
 * @param {string} backendName backend on which they run
 * @param {object} jasmineRequire what the package jasmine-core exports
 * @returns {Promise<{ passed: number, pending: number, failed: { name: string, message: string }[] }>}
 */
export async function runSpecs(backendName, jasmineRequire) {
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
  return { passed, pending, failed };
}
