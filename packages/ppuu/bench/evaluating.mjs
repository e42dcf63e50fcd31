// Evaluations on two threads against one: a policy that answers at once, and one that plans.
import { init } from "@lab/core";
import * as lab from "@lab/ppuu";
import { evaluate } from "@lab/ppuu/evaluation";
import { defaultClock, inTurns, processorClock, repeatsOr, row } from "@lab/tooling/bench";
import { planner, recorded } from "./settings.mjs";

const SHORT = 24;

async function evaluating(name, policy, options) {
  // The threads are up and have compiled, as after any earlier evaluation; the same for this thread.
  const two = () => evaluate(policy, { ...options, runner: "threads:2" });
  const one = () => evaluate(policy, options);
  await two();
  await evaluate(policy, { ...options, episodes: SHORT });
  const times = await inTurns({ two, one }, repeatsOr(3), { warm: 0 });
  // With the clock of the processors both threads' time is shared by two: what two free cores would take.
  const cores = defaultClock === processorClock ? 2 : 1;
  return row({
    name,
    ours: times.two.map((milliseconds) => milliseconds / 1000 / cores),
    rival: times.one.map((milliseconds) => milliseconds / 1000),
    rivalName: "one thread",
    arePairs: true,
    unit: "s",
    bar: { of: "ratio", atMost: 1 / 1.7 },
  });
}

export async function threads() {
  await init({ backend: "wasm" });
  const log = await recorded({ scenes: 24, seed: 1 });
  const common = { log, seed: 0, destination: 400 };
  return {
    rows: [
      await evaluating("evaluating a policy on 2 threads", lab.mlpPolicy(), {
        ...{ ...common, mode: "reactive", episodes: 288, limit: 50 },
      }),
      await evaluating("evaluating a planner on 2 threads", planner({ replan: 2 }), {
        ...{ ...common, mode: "replay", episodes: 96, limit: 10 },
      }),
    ],
  };
}
