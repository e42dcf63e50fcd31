// The simulator against highway-env, an update of the policy against PyTorch, and an update of the small image model.
import { init } from "@lab/core";
import * as lab from "@lab/ppuu";
import { cnnWorldModel } from "@lab/ppuu/images";
import { defaultClock, python, repeatsOr, row, sample } from "@lab/tooling/bench";
import { recorded } from "./settings.mjs";

const SCENES = 20;
const CARS = 60;
const STEPS = 600;

/** Samples of ours and of a script's figure, in turns; without the rival its reason. */
async function beside(script, ours, figureOf) {
  const [own, theirs] = [[], []];
  let version;
  for (let turn = 0; turn < repeatsOr(3); turn++) {
    own.push(await ours());
    const found = python(new URL(script, import.meta.url));
    if (found.missing) return { own, skipped: [{ name: script, reason: found.missing }], versions: {} };
    theirs.push(figureOf(found));
    ({ version } = found);
  }
  return { own, theirs, skipped: [], versions: { [script.split("_")[0]]: version } };
}

/** Car steps a second of the simulator. */
export async function simulator() {
  const traffic = new lab.TrafficSimulation({ seed: 0, scenes: SCENES });
  for (let t = 0; t < STEPS / 2; t++) traffic.step();
  const ours = () => {
    const start = defaultClock();
    for (let t = 0; t < STEPS; t++) traffic.step();
    return (1000 * SCENES * CARS * STEPS) / (defaultClock() - start);
  };
  const rival = ({ car_steps_per_second: speed }) => speed;
  const { own, theirs, skipped, versions } = await beside("highway_env_speed.py", ours, rival);
  const common = { ours: own, unit: "car steps/s", moreIsBetter: true };
  return {
    rows: [
      row({ name: "simulator", ...common, bar: { of: "ours", atLeast: 1.5e6 } }),
      row({
        ...{ name: "simulator", ...common, rivalName: "HighwayEnv", bar: { of: "ratio", atLeast: 200 } },
        ...(theirs && { rival: theirs }),
      }),
    ],
    skipped,
    versions,
  };
}

/** An update of the policy by imagined rollouts. */
export async function policyUpdate() {
  await init({ backend: "wasm" });
  const log = await recorded();
  const ego = lab.unicycle({ dt: 0.2 });
  const training = async (steps) => {
    const policy = lab.mlpPolicy();
    const common = { world: lab.replayWorld(log), ego, costs: lab.vectorCosts(), log, seed: 0 };
    const start = defaultClock();
    await lab.trainPolicy({ ...common, policy, steps });
    policy.dispose();
    return (defaultClock() - start) / steps;
  };
  await training(5);
  const rival = ({ ms_per_update: milliseconds }) => milliseconds;
  const { own, theirs, skipped, versions } = await beside(
    "torch_policy_training.py",
    () => training(40),
    rival,
  );
  return {
    rows: [
      row({
        name: "300 policy updates",
        ours: own.map((milliseconds) => (300 * milliseconds) / 1000),
        unit: "s",
        bar: { of: "ours", atMost: 60 },
      }),
      row({
        name: "policy update",
        ours: own,
        ...(theirs && { rival: theirs }),
        rivalName: "PyTorch eager, one thread",
        bar: { of: "ratio", atMost: 2.5 },
      }),
    ],
    skipped,
    versions,
  };
}

/** An update of the small image model. */
export async function worldUpdate() {
  await init({ backend: "wasm" });
  const log = await recorded();
  const world = cnnWorldModel({ kind: "dfm-km", isStochastic: false });
  const UPDATES = 4;
  const common = { world, batch: 32, horizon: 5, frames: 4, seed: 0 };
  const times = await sample(() => lab.trainWorldModel(log, { ...common, updates: UPDATES }), repeatsOr(3));
  return {
    rows: [
      row({
        name: "image model update, 32 windows of 5 steps",
        ours: times.map((milliseconds) => milliseconds / UPDATES),
        bar: { of: "ours", atMost: 1000 },
      }),
    ],
  };
}
