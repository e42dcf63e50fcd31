// Speed of this package against named rivals in one run; needs a build. LAB_PYTHON names a Python with highway-env and
// torch; without it those columns say so. Prints JSON.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { init } from "@lab/core";
import * as lab from "@lab/ppuu";
import * as tf from "@tensorflow/tfjs-core";

const here = new URL(".", import.meta.url).pathname;
const seconds = () => performance.now() / 1000;

/** Median seconds of a function over some repeats, after one to warm up. */
async function median(repeats, body) {
  await body();
  const times = [];
  for (let i = 0; i < repeats; i++) {
    const begin = seconds();
    await body();
    times.push(seconds() - begin);
  }
  return times.sort((a, b) => a - b)[Math.floor(repeats / 2)];
}

function python(script) {
  if (!process.env.LAB_PYTHON) return { missing: "set LAB_PYTHON to a Python that has it" };
  try {
    return JSON.parse(
      execFileSync(process.env.LAB_PYTHON, [`${here}${script}`], { encoding: "utf8" })
        .trim()
        .split("\n")
        .at(-1),
    );
  } catch (error) {
    return { missing: String(error.message).split("\n")[0] };
  }
}

const result = {
  node: process.version,
  backend: (await init({ backend: process.env.LAB_BACKEND ?? "wasm" })).backend,
};

export function simulator() {
  const traffic = new lab.TrafficSimulation({ seed: 0, scenes: 20 });
  for (let t = 0; t < 300; t++) traffic.step();
  const begin = seconds();
  for (let t = 0; t < 600; t++) traffic.step();
  return (20 * 60 * 600) / (seconds() - begin);
}
const rival = python("highway_env_speed.py");
const speed = simulator();
result.simulator = {
  carStepsPerSecond: Math.round(speed),
  highwayEnv: rival,
  ratio: rival.car_steps_per_second ? Math.round(speed / rival.car_steps_per_second) : null,
  bar: ">= 1.5e6 and >= 200x",
};

const full = await lab.simulateTraffic({ seconds: 30, scenes: 8, seed: 0 });
const log = lab.subsampleLog(full, 2);
const ego = lab.unicycle({ dt: 0.2 });
export async function training(steps) {
  const policy = lab.mlpPolicy();
  const begin = seconds();
  await lab.trainPolicy({
    policy,
    world: lab.replayWorld(log),
    ego,
    costs: lab.vectorCosts(),
    log,
    steps,
    seed: 0,
  });
  policy.dispose();
  return ((seconds() - begin) * 1000) / steps;
}
await training(5);
const torch = python("torch_policy_training.py");
const ms = await training(40);
result.policyTraining = {
  msPerUpdate: Math.round(ms * 10) / 10,
  secondsFor300: Math.round(ms * 3) / 10,
  torch,
  ratio: torch.ms_per_update ? Math.round((ms / torch.ms_per_update) * 100) / 100 : null,
  bar: "300 updates <= 60 s and <= 2.5x PyTorch eager, one thread",
};

{
  const places = lab.drawEpisodes(log, 144, 1, 1, 50);
  const history = lab.historyFromLog(log, places);
  const world = lab.replayWorld(log);
  const observation = tf.tidy(() => ({
    ego: tf.squeeze(tf.slice(history.ego, [0, 1, 0], [144, 1, 5]), [1]),
    scene: world.scene(world.reset(history)),
    car: history.car,
    history,
  }));
  const options = { world: lab.constantVelocityWorld(), ego, costs: lab.vectorCosts(), horizon: 15, plan: 3 };
  const planner = lab.mpc({ ...options, candidates: 4, iterations: 6, seed: 0 });
  const time = await median(3, async () => (await planner(observation)).dispose());
  planner.reset();
  result.mpc = { secondsAPlan: Math.round(time * 1000) / 1000, bar: "<= 1.5 s for 144 x 4 x 15 x 6" };
}

{
  const cars = tf.randomUniform([64, 40, 5]);
  const scale = tf.tensor1d([70, 14, 10, 1, 0.3]);
  const offset = tf.tensor1d([-35, 0, 0, 4.2, 1.7]);
  const scene = {
    cars: tf.add(tf.mul(cars, scale), offset),
    mask: tf.ones([64, 40]),
    road: { lanes: 4, laneWidth: 3.7, destination: 1 },
    reference: tf.tile(tf.tensor2d([[0, 5.55, 1, 0, 8]]), [64, 1]),
  };
  const time = await median(5, async () => {
    const image = lab.renderContext(scene);
    await image.data();
    image.dispose();
  });
  result.renderContext = { ms: Math.round(time * 1000), bar: "<= 40 ms for 64 x 117 x 24 x 3, 40 cars" };
}

{
  const row = (id, frame) =>
    `${id} ${frame} 1000 ${1113433135300 + 100 * frame} 16.467 ${(35.381 + 2.5 * frame).toFixed(3)} 6042842.116 2133117.662 14.3 6.4 2 12.50 0.00 2 0 0 0.00 0.00\n`;
  const parts = [];
  for (let id = 1; id <= 200; id++) for (let frame = 0; frame < 1000; frame++) parts.push(row(id, frame));
  const blob = new Blob([parts.join("")]);
  const time = await median(3, () => lab.loadNgsim(blob));
  result.ngsim = { megabytesPerSecond: Math.round(blob.size / 1e6 / time), bar: ">= 20 MB/s" };
}

{
  const policy = lab.mlpPolicy();
  const held = lab.subsampleLog(await lab.simulateTraffic({ seconds: 40, scenes: 12, seed: 1 }), 2);
  const options = { log: held, mode: "reactive", episodes: 144, seed: 0, limit: 30 };
  const inline = await median(1, () => lab.evaluate(policy, options));
  const threads = await median(1, () => lab.evaluate(policy, { ...options, runner: "threads:2" }));
  result.evaluate = {
    inlineSeconds: inline,
    threadsSeconds: threads,
    ratio: inline / threads,
    bar: ">= 1.7x on 2 threads",
  };
}

/** The entry point and the chunks that it imports, as one text. */
function bundleOf(file, seen = new Set()) {
  if (seen.has(file)) return "";
  seen.add(file);
  const text = readFileSync(new URL(`../dist/${file}`, import.meta.url), "utf8");
  const chunks = [...text.matchAll(/from ["']\.\/([^"']+)["']/g)].map(([, name]) => bundleOf(name, seen));
  return text + chunks.join("");
}
result.size = {
  kilobytesGzip: Math.round(gzipSync(bundleOf("index.js")).length / 100) / 10,
  note: "not minified; comments included",
  bar: "<= 25 kB gzip, minified",
};
console.log(JSON.stringify(result, null, 1));
