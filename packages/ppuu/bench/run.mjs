// Speed of this package against named rivals in one run, ours and theirs in turns. Needs a build (`pnpm build`).
// LAB_PYTHON names a Python with highway-env and torch; without it those columns say so. Run: node bench/run.mjs
// [--json FILE] [--only NAME,NAME]
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { init } from "@lab/core";
import * as lab from "@lab/ppuu";
import { drawEpisodes, evaluate } from "@lab/ppuu/evaluation";
import { cnnWorldModel, renderContext } from "@lab/ppuu/images";
import { loadNgsim } from "@lab/ppuu/ngsim";
import { mpc } from "@lab/ppuu/planning";
import * as tf from "@tensorflow/tfjs-core";

const here = new URL(".", import.meta.url).pathname;
const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
const only = process.argv.includes("--only") ? argument("--only").split(",") : undefined;
const repeats = Number(process.env.LAB_BENCH_REPEATS ?? 3);
const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];
const versions = {
  clock: process.env.LAB_BENCH_CLOCK ?? "wall",
  node: process.version,
  backend: (await init({ backend: process.env.LAB_BACKEND ?? "wasm" })).backend,
};

// On a machine with other work, LAB_BENCH_CLOCK=processor counts the time on processors, ours and theirs.
const isProcessor = process.env.LAB_BENCH_CLOCK === "processor";
const wall = () => performance.now();
const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Milliseconds of a function. */
async function time(body, clock = isProcessor ? processor : wall) {
  const begin = clock();
  await body();
  return clock() - begin;
}

/** What a script prints as JSON in its last line; `undefined` without a Python that can run it. */
function python(script) {
  if (!process.env.LAB_PYTHON) return undefined;
  try {
    const text = execFileSync(process.env.LAB_PYTHON, [`${here}${script}`], { encoding: "utf8" });
    const found = JSON.parse(text.trim().split("\n").at(-1));
    versions[script.split("_")[0]] = found.version;
    return found;
  } catch (error) {
    process.stderr.write(`${script}: ${String(error.message).split("\n")[0]}\n`);
    return undefined;
  }
}

const short = (value) =>
  value === null ? "–" : Math.abs(value) >= 1000 ? value.toPrecision(4) : value.toPrecision(3);
/** Writes a row where it is read. */
function print({ name, ours, rival, rivalName, unit, ratio, bar, met }) {
  const against =
    rivalName === null
      ? ""
      : rival === null
        ? `  ${rivalName}: not found (LAB_PYTHON)`
        : `  ${rivalName} ${short(rival)}, ratio ${short(ratio)}`;
  console.log(`${met ? "met   " : "missed"}  ${name}: ${short(ours)} ${unit}${against}  (bar ${bar})`);
}

const rows = [];
/** Takes turns, then writes a row; `judge` says whether the bar is met. */
async function compare({ name, unit, ours, rival, rivalName, bar, judge, turns = repeats }) {
  if (only && !only.includes(name)) return;
  const [own, theirs] = [[], []];
  for (let i = 0; i < turns; i++) {
    own.push(await ours());
    const found = await rival?.();
    if (found !== undefined) theirs.push(found);
  }
  const [mine, other] = [median(own), theirs.length > 0 ? median(theirs) : null];
  const ratio = other === null ? null : mine / other;
  const spread = [sorted(own)[0], sorted(own).at(-1)];
  const row = {
    name,
    ours: mine,
    rival: other,
    rivalName: rivalName ?? null,
    unit,
    ratio,
    bar,
    met: judge(mine, ratio),
    spread,
  };
  rows.push(row);
  print(row);
}

// ---- the simulator
{
  const traffic = new lab.TrafficSimulation({ seed: 0, scenes: 20 });
  for (let t = 0; t < 300; t++) traffic.step();
  await compare({
    name: "simulator",
    unit: "car steps/s",
    async ours() {
      const ms = await time(() => {
        for (let t = 0; t < 600; t++) traffic.step();
      });
      return (1000 * 20 * 60 * 600) / ms;
    },
    rival: () => python("highway_env_speed.py")?.car_steps_per_second,
    rivalName: "HighwayEnv",
    bar: ">= 1.5e6 and >= 200x",
    judge: (ours, ratio) => ours >= 1.5e6 && (ratio === null || ratio >= 200),
  });
}

const log = lab.subsampleLog(await lab.simulateTraffic({ seconds: 30, scenes: 8, seed: 0 }), 2);
const ego = lab.unicycle({ dt: 0.2 });

// ---- an update of the policy
export async function training(steps) {
  const policy = lab.mlpPolicy();
  const common = { world: lab.replayWorld(log), ego, costs: lab.vectorCosts(), log, seed: 0 };
  const ms = await time(() => lab.trainPolicy({ ...common, policy, steps }));
  policy.dispose();
  return ms / steps;
}
if (!only || only.includes("policy update")) await training(5);
await compare({
  name: "policy update",
  unit: "ms",
  ours: () => training(40),
  rival: () => python("torch_policy_training.py")?.ms_per_update,
  rivalName: "PyTorch eager, one thread",
  bar: "<= 2.5x and 300 updates <= 60 s",
  judge: (ours, ratio) => ours <= 200 && (ratio === null || ratio <= 2.5),
});

// ---- a plan
{
  const places = drawEpisodes(log, 144, 1, 1, 50);
  const history = lab.historyFromLog(log, places);
  const world = lab.replayWorld(log);
  const observation = tf.tidy(() => ({
    ego: tf.squeeze(tf.slice(history.ego, [0, 1, 0], [144, 1, 5]), [1]),
    scene: world.scene(world.reset(history)),
    car: history.car,
    history,
  }));
  const planner = mpc({
    world: lab.constantVelocityWorld(),
    ego,
    costs: lab.vectorCosts(),
    horizon: 15,
    plan: 3,
    candidates: 4,
    iterations: 6,
    seed: 0,
  });
  await compare({
    name: "plan",
    unit: "ms",
    ours: () => time(async () => (await planner(observation)).dispose()),
    bar: "<= 1500 ms for 144 cars x 4 candidates x 15 steps x 6 iterations",
    judge: (ours) => ours <= 1500,
    turns: repeats + 1,
  });
  planner.reset();
}

// ---- context images
{
  const cars = tf.randomUniform([64, 40, 5], 0, 1, "float32", 1);
  const scale = tf.tensor1d([70, 14, 10, 1, 0.3]);
  const offset = tf.tensor1d([-35, 0, 0, 4.2, 1.7]);
  const scene = {
    cars: tf.add(tf.mul(cars, scale), offset),
    mask: tf.ones([64, 40]),
    road: { lanes: 4, laneWidth: 3.7, destination: 1 },
    reference: tf.tile(tf.tensor2d([[0, 5.55, 1, 0, 8]]), [64, 1]),
  };
  const once = async () => {
    const image = renderContext(scene);
    await image.data();
    image.dispose();
  };
  await once();
  await compare({
    name: "context images",
    unit: "ms",
    ours: () => time(once),
    bar: "<= 40 ms for 64 x 117 x 24 x 3, 40 cars",
    judge: (ours) => ours <= 40,
    turns: 5 * repeats,
  });
}

// ---- an update of the small image model
if (!only || only.includes("image model update")) {
  const world = cnnWorldModel({ kind: "dfm-km", isStochastic: false });
  const updates = (count) =>
    lab.trainWorldModel(log, { world, updates: count, batch: 32, horizon: 5, frames: 4, seed: 0 });
  await updates(1);
  await compare({
    name: "image model update",
    unit: "ms",
    ours: async () => (await time(() => updates(4))) / 4,
    bar: "<= 1000 ms for 32 windows x 5 steps",
    judge: (ours) => ours <= 1000,
  });
  world.dispose();
}

// ---- the reader
{
  const row = (id, frame) =>
    `${id} ${frame} 1000 ${1113433135300 + 100 * frame} 16.467 ${(35.381 + 2.5 * frame).toFixed(3)} 6042842.116 2133117.662 14.3 6.4 2 12.50 0.00 2 0 0 0.00 0.00\n`;
  const parts = [];
  for (let id = 1; id <= 200; id++) for (let frame = 0; frame < 1000; frame++) parts.push(row(id, frame));
  const blob = new Blob([parts.join("")]);
  await compare({
    name: "trajectory reader",
    unit: "MB/s",
    ours: async () => blob.size / 1e3 / (await time(() => loadNgsim(blob))),
    bar: ">= 20 MB/s",
    judge: (ours) => ours >= 20,
  });
}

// ---- evaluations on threads: a policy that answers at once, and one that plans
const held = lab.subsampleLog(await lab.simulateTraffic({ seconds: 30, scenes: 24, seed: 1 }), 2);
const settings = { horizon: 15, plan: 3, candidates: 4, iterations: 6, replan: 2, seed: 0 };
for (const [name, policy, rules] of [
  [
    "evaluating a policy on 2 threads",
    lab.mlpPolicy(),
    { mode: "reactive", episodes: 288, limit: 50, destination: 400 },
  ],
  [
    "evaluating a planner on 2 threads",
    mpc({ world: lab.constantVelocityWorld(), ego, costs: lab.vectorCosts(), ...settings }),
    { mode: "replay", episodes: 96, limit: 10, destination: 400 },
  ],
]) {
  if (only && !only.includes(name)) continue;
  const options = { ...rules, log: held, seed: 0 };
  // The threads are up and have compiled, as after any earlier evaluation; the same for this thread. With the clock of the
  // processors, both threads' time is shared by two: what two free cores would take.
  const onThreads = () => evaluate(policy, { ...options, runner: "threads:2" });
  await onThreads();
  await evaluate(policy, { ...options, episodes: 24 });
  const cores = isProcessor ? 2 : 1;
  await compare({
    name,
    unit: "s",
    ours: async () => (await time(onThreads)) / 1000 / cores,
    rival: async () => (await time(() => evaluate(policy, options))) / 1000,
    rivalName: "one thread",
    bar: ">= 1.7x as fast: ratio <= 0.59",
    judge: (_ours, ratio) => ratio <= 1 / 1.7,
    turns: 1,
  });
}

if (process.argv.includes("--json")) {
  const [{ model }] = cpus();
  const report = { package: "@lab/ppuu", machine: `${cpus().length} x ${model}`, versions, rows };
  writeFileSync(argument("--json"), `${JSON.stringify(report, null, 1)}\n`);
}
