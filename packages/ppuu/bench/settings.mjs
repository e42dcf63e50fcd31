// What several sections measure on.
import * as lab from "@lab/ppuu";
import { mpc } from "@lab/ppuu/planning";

/** Traffic of some scenes, recorded for 30 s and thinned to 5 Hz. */
export const recorded = async ({ scenes = 8, seed = 0 } = {}) =>
  lab.subsampleLog(await lab.simulateTraffic({ seconds: 30, scenes, seed }), 2);

/** The planner of the bars: 4 candidates of 15 steps, 6 iterations. */
export const planner = (more = {}) =>
  mpc({
    world: lab.constantVelocityWorld(),
    ego: lab.unicycle({ dt: 0.2 }),
    costs: lab.vectorCosts(),
    horizon: 15,
    plan: 3,
    candidates: 4,
    iterations: 6,
    seed: 0,
    ...more,
  });
