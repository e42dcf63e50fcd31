// Writes docs/guides/backends.md: which kernel is ours, the engine's or missing on which backend, and how fast; needs a build.
//   node bench/backends.mjs [--check]
// LAB_TENSORFLOW_DIR names a project with the TensorFlow binding; WebGPU takes LAB_WEBGPU_SOFTWARE=1 where there is no
// graphics card. --check compares kinds, not speeds, for the backends at hand, and ends with status 1 where they differ.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { node } from "@lab/tooling/bench";
import { backends, pageOf, stated } from "./backends-page.mjs";

const target = join(import.meta.dirname, "../../../docs/guides/backends.md");
const digest = (f) => createHash("sha1").update(f.toString()).digest("hex");

/** Kernels of a backend as it is shipped: names, and digests of their program. */
async function shipped(backend) {
  const tf = await import("@tensorflow/tfjs-core");
  if (backend === "tensorflow") {
    const from = createRequire(join(process.env.LAB_TENSORFLOW_DIR || process.cwd(), "package.json"));
    from("@tensorflow/tfjs-node");
  } else if (backend === "webgpu") {
    const { create, globals } = await import("webgpu");
    Object.assign(globalThis, globals);
    const navigator = globalThis.navigator ?? {};
    Object.defineProperty(navigator, "gpu", { value: create([]), configurable: true });
    Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
    await import("@tensorflow/tfjs-backend-webgpu");
  } else await import(`@tensorflow/tfjs-backend-${backend}`);
  return Object.fromEntries(
    tf.getKernelsForBackend(backend).map(({ kernelName, kernelFunc }) => [kernelName, digest(kernelFunc)]),
  );
}

/** Kernels of a backend with ours, and milliseconds of the cases; on wasm also those of the shipped kernels. */
async function withOurs(backend, isTimed) {
  const tf = await import("@tensorflow/tfjs-core");
  const old = new Map();
  if (backend === "wasm") {
    await import("@tensorflow/tfjs-backend-wasm");
    for (const kernel of tf.getKernelsForBackend("wasm")) old.set(kernel.kernelName, kernel);
  }
  const { init } = await import("@lab/core");
  const { kernelCases } = await import("./kernel-cases.mjs");
  const device = await init({ backend });
  // Times of a graphics card that a program plays say nothing.
  const isSoftware = backend === "webgpu" && device.kind === "cpu";
  const times = {};
  const shippedTimes = {};
  for (const [name, run] of Object.entries(await kernelCases())) {
    times[name] = await cost(run, isTimed && !isSoftware, backend);
    const stock = old.get(name);
    const ours = tf.getKernel(name, backend);
    if (!isTimed || !stock || stock.kernelFunc === ours.kernelFunc) continue;
    swap(tf, stock);
    shippedTimes[name] = await cost(run, true, backend).catch(() => null);
    swap(tf, ours);
    times[name] = Math.min(times[name], await cost(run, true, backend));
  }
  const kernels = Object.fromEntries(
    tf.getKernelsForBackend(backend).map(({ kernelName, kernelFunc }) => [kernelName, digest(kernelFunc)]),
  );
  if (isSoftware) for (const name of Object.keys(times)) delete times[name];
  return { device: device.name, kind: device.kind, kernels, times, shippedTimes, known: known(tf) };
}

function swap(tf, kernel) {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}

/** Names of the engine's kernels. */
function known(tf) {
  return Object.entries(tf)
    .filter(
      ([name, value]) => /^[A-Z]/.test(name) && typeof value === "string" && value.replace(/^_/, "") === name,
    )
    .map(([, value]) => value);
}

/** Least milliseconds of some runs, each read back in one number; once, untimed, when only the kinds are wanted. */
async function cost(run, isTimed, backend) {
  const { readOne } = await import("./training-step.mjs");
  const once = async () => {
    const start = performance.now();
    for (const tensor of [run()].flat()) await readOne(tensor);
    return performance.now() - start;
  };
  if (!isTimed) return once();
  const repeats = backend === "wasm" || backend === "tensorflow" ? 9 : 3;
  await once();
  const times = [];
  for (let i = 0; i < repeats; i++) times.push(await once());
  return Math.min(...times);
}

/** `"ours"` or `"engine"` by kernel, for one backend; `undefined` where the backend is not at hand. */
function inspect(backend, isTimed) {
  try {
    const before = node(new URL("backends.mjs", import.meta.url), ["--shipped", backend]);
    const now = node(new URL("backends.mjs", import.meta.url), ["--ours", backend, String(isTimed)]);
    const kinds = Object.fromEntries(
      Object.entries(now.kernels).map(([name, program]) => [
        name,
        before[name] === program ? "engine" : "ours",
      ]),
    );
    return { ...now, kinds };
  } catch (error) {
    console.error(
      `${backend} is left out: ${error.message.split("\n").find((line) => /Error/.test(line)) ?? error.message}`,
    );
    return undefined;
  }
}

function check(found) {
  const kinds = stated(existsSync(target) ? readFileSync(target, "utf8") : "");
  const wrong = [];
  for (const [backend, { kinds: now }] of Object.entries(found)) {
    for (const [name, kind] of Object.entries(now)) {
      const before = kinds[backend]?.[name] ?? "–";
      if (before !== kind) wrong.push(`${backend}: ${name} is ${kind}; the document says ${before}`);
    }
    for (const [name, kind] of Object.entries(kinds[backend] ?? {}))
      if (kind !== "–" && !(name in now))
        wrong.push(`${backend}: ${name} is missing; the document says ${kind}`);
  }
  return wrong;
}

const [mode, backend, isTimed] = process.argv.slice(2);
if (mode === "--shipped") console.log(`\n${JSON.stringify(await shipped(backend))}`);
else if (mode === "--ours") console.log(`\n${JSON.stringify(await withOurs(backend, isTimed === "true"))}`);
else {
  const isCheck = mode === "--check";
  const entries = backends.map((name) => [name, inspect(name, !isCheck)]).filter(([, result]) => result);
  const found = Object.fromEntries(entries);
  if (isCheck) {
    const wrong = check(found);
    for (const text of wrong) console.error(text);
    console.log(
      `${target.split("/").slice(-3).join("/")}: ${wrong.length ? "not current; run docs:backends" : `current for ${Object.keys(found).join(", ")}`}`,
    );
    process.exitCode = wrong.length ? 1 : 0;
  } else writeFileSync(target, pageOf(found));
}
