import { ArgumentError } from "@lab/core";
import type { CostModel, CostSpec } from "../costs/cost-model.js";
import { imageCosts } from "../costs/image-costs.js";
import { vectorCosts } from "../costs/vector-costs.js";
import { bicycle } from "../ego/bicycle.js";
import type { EgoModel, EgoModelSpec } from "../ego/ego-model.js";
import { unicycle } from "../ego/unicycle.js";
import type { TrafficLog } from "../log/traffic-log.js";
import { mpc } from "../planning/mpc.js";
import { mlpPolicy } from "../policy/mlp-policy.js";
import type { Policy, PolicySpec } from "../policy/policy.js";
import { replayPolicy } from "../policy/replay-policy.js";
import { idmPolicy, noAction } from "../policy/simple-policies.js";
import { carsWorld } from "../world/cars-world.js";
import { jointWorldModel } from "../world/joint-world.js";
import { constantVelocityWorld, idmWorld } from "../world/simple-worlds.js";
import type { LearnedWorldModel, WorldModel, WorldSpec } from "../world/world-model.js";

/** The ego model that a description names. */
export function egoFromSpec(spec: EgoModelSpec): EgoModel {
  const { kind, ...options } = spec;
  return kind === "unicycle" ? unicycle(options) : bicycle(options as Parameters<typeof bicycle>[0]);
}

function worldFromSpec(spec: WorldSpec): WorldModel {
  if (spec.kind === "constant-velocity") return constantVelocityWorld();
  if (spec.kind === "idm") return idmWorld(spec.driver);
  return spec.kind === "cars"
    ? carsWorld({ weights: spec.weights })
    : jointWorldModel({ weights: spec.weights });
}

/** The costs that a description names. */
export function costsFromSpec(spec: CostSpec): CostModel {
  return spec.kind === "vector" ? vectorCosts(spec.weights) : imageCosts(spec.weights);
}

/**
 * The policy that a description names; free it with `dispose` where it has one.
 *
 * @param spec - What `describe` of a policy gave.
 * @param log - The log of the episodes, for policies that replay it.
 * @throws {@link ArgumentError} when the description names no policy of this package.
 */
export function policyFromSpec(spec: PolicySpec, log: TrafficLog): Policy {
  switch (spec.kind) {
    case "no-action":
      return noAction();
    case "idm":
      return idmPolicy({ gain: spec.gain });
    case "replay":
      return replayPolicy(log);
    case "mlp":
      return mlpPolicy({ hidden: spec.hidden, weights: spec.weights });
    case "mpc": {
      const world = worldFromSpec(spec.world);
      const planner = mpc({
        ...spec.options,
        world,
        costs: costsFromSpec(spec.costs),
        ...(spec.ego && { ego: egoFromSpec(spec.ego) }),
      });
      return Object.assign(planner, {
        dispose() {
          planner.reset();
          (world as Partial<LearnedWorldModel>).dispose?.();
        },
      });
    }
    default:
      throw new ArgumentError(
        `policyFromSpec: spec.kind is ${JSON.stringify((spec as PolicySpec).kind)}; the description of a policy of this package was expected`,
        { argument: "spec", value: spec },
      );
  }
}
