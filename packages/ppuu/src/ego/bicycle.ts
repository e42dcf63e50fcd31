import { checkChoice, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkAction, checkState } from "./check-state.js";
import type { ActionLimits, EgoModel } from "./ego-model.js";
import { checkLimits } from "./limits.js";

/** Options of {@link bicycle}. */
export interface BicycleOptions {
  /** Seconds of one step. @defaultValue 0.1 */
  dt?: number;
  /** Metres between the axles. @defaultValue 2.8 */
  wheelbase?: number;
  /** How the motion is integrated over a step. @defaultValue `"midpoint"` */
  integrator?: "euler" | "midpoint" | "rk4";
  /** Speed below which braking ends, or `null` for none. @defaultValue 0 */
  minSpeed?: number | null;
  /** Limits of acceleration (m/s²) and steering angle (rad). @defaultValue ±6.168 m/s², ±0.6 rad */
  limits?: ActionLimits;
}

/** Rate of `[x, y, heading, speed]`. */
type Rates = readonly [tf.Tensor, tf.Tensor, tf.Tensor];

/**
 * A car with two axles whose front wheels steer.
 *
 * With steering angle $\delta$ to the left, slip $\beta = \arctan(\tfrac12 \tan\delta)$ and wheelbase $L$: the centre
 * moves along the direction turned by $\beta$ and the car turns at the rate $v \tan(\delta) \cos(\beta) / L$.
 *
 * @param options - See {@link BicycleOptions}.
 * @returns The model; its action is acceleration in m/s² and steering angle in rad, positive to the left.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks `euler` needs small steps: at 0.1 s and 20 m/s it is off by a tenth of a metre in a turn; the others are not.
 * @see Polack, Altché, d'Andréa-Novel, de La Fortelle (2017), The kinematic bicycle model, eq. (1).
 */
export function bicycle(options: BicycleOptions = {}): EgoModel {
  const dt = checkNumber("bicycle", "dt", options.dt ?? 0.1, { above: 0 });
  const wheelbase = checkNumber("bicycle", "wheelbase", options.wheelbase ?? 2.8, { above: 0 });
  const integrator = checkChoice("bicycle", "integrator", options.integrator ?? "midpoint", [
    "euler",
    "midpoint",
    "rk4",
  ] as const);
  const minSpeed = options.minSpeed === undefined ? 0 : options.minSpeed;
  const limits = checkLimits("bicycle", options.limits ?? { min: [-6.168, -0.6], max: [6.168, 0.6] });
  const nodes = NODES[integrator];
  return {
    stateSize: 5,
    actionSize: 2,
    dt,
    limits,
    spec: { kind: "bicycle", dt, minSpeed, limits, wheelbase, integrator },
    step(state, action) {
      checkState("bicycle", state);
      checkAction("bicycle", action, state.shape[0]);
      return tf.tidy(() => {
        const [x, y, dx, dy, speed] = tf.split(state, 5, 1) as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
        ];
        const [acceleration, steer] = tf.split(action, 2, 1) as [tf.Tensor, tf.Tensor];
        const slip = tf.atan(tf.mul(tf.tan(steer), 0.5));
        const bend = tf.div(tf.mul(tf.tan(steer), tf.cos(slip)), wheelbase);
        // The direction is turned from the old one, so that no angle wraps.
        const rates = (time: number, turned: tf.Tensor): Rates => {
          const now = floored(tf.add(speed, tf.mul(acceleration, time)), minSpeed);
          const angle = tf.add(turned, slip);
          const along = tf.add(tf.mul(dx, tf.cos(angle)), tf.mul(dy, tf.sin(angle)));
          const across = tf.sub(tf.mul(dy, tf.cos(angle)), tf.mul(dx, tf.sin(angle)));
          return [tf.mul(now, along), tf.mul(now, across), tf.mul(now, bend)];
        };
        const zero = tf.zerosLike(speed);
        const stages: Rates[] = [];
        for (const { at } of nodes) {
          const before = stages.at(-1);
          stages.push(rates(at * dt, before ? tf.mul(before[2], at * dt) : zero));
        }
        const total = (part: 0 | 1 | 2) =>
          tf.addN(stages.map((stage, i) => tf.mul(stage[part], nodes[i]!.weight * dt)));
        const turn = total(2);
        const [cosine, sine] = [tf.cos(turn), tf.sin(turn)];
        return tf.concat2d(
          [
            tf.add(x, total(0)),
            tf.add(y, total(1)),
            tf.add(tf.mul(dx, cosine), tf.mul(dy, sine)),
            tf.sub(tf.mul(dy, cosine), tf.mul(dx, sine)),
            floored(tf.add(speed, tf.mul(acceleration, dt)), minSpeed),
          ] as tf.Tensor2D[],
          1,
        );
      });
    },
    stepHost: (state, action) => stepHost(state, action, dt, minSpeed, wheelbase, nodes),
  };
}

interface Node {
  /** Share of the step at which the rate is taken. */
  at: number;
  /** Weight of the rate in the sum. */
  weight: number;
}

const NODES: Record<"euler" | "midpoint" | "rk4", readonly Node[]> = {
  euler: [{ at: 0, weight: 1 }],
  midpoint: [
    { at: 0, weight: 0 },
    { at: 0.5, weight: 1 },
  ],
  rk4: [
    { at: 0, weight: 1 / 6 },
    { at: 0.5, weight: 1 / 3 },
    { at: 0.5, weight: 1 / 3 },
    { at: 1, weight: 1 / 6 },
  ],
};

const floored = (speed: tf.Tensor, minSpeed: number | null) =>
  minSpeed === null ? speed : tf.maximum(speed, minSpeed);

function stepHost(
  state: Float64Array,
  action: ArrayLike<number>,
  dt: number,
  minSpeed: number | null,
  wheelbase: number,
  nodes: readonly Node[],
): Float64Array {
  const next = new Float64Array(state.length);
  const low = minSpeed ?? Number.NEGATIVE_INFINITY;
  for (let s = 0, u = 0; s < state.length; s += 5, u += 2) {
    const [dx, dy, speed] = [state[s + 2]!, state[s + 3]!, state[s + 4]!];
    const [acceleration, steer] = [action[u]!, action[u + 1]!];
    const slip = Math.atan(0.5 * Math.tan(steer));
    const bend = (Math.tan(steer) * Math.cos(slip)) / wheelbase;
    let [sumX, sumY, sumTurn, rate] = [0, 0, 0, 0];
    for (const { at, weight } of nodes) {
      const now = Math.max(low, speed + acceleration * at * dt);
      const angle = rate * at * dt + slip;
      sumX += weight * now * (dx * Math.cos(angle) + dy * Math.sin(angle));
      sumY += weight * now * (dy * Math.cos(angle) - dx * Math.sin(angle));
      rate = now * bend;
      sumTurn += weight * rate;
    }
    const turn = sumTurn * dt;
    next[s] = state[s]! + dt * sumX;
    next[s + 1] = state[s + 1]! + dt * sumY;
    next[s + 2] = dx * Math.cos(turn) + dy * Math.sin(turn);
    next[s + 3] = dy * Math.cos(turn) - dx * Math.sin(turn);
    next[s + 4] = Math.max(low, speed + acceleration * dt);
  }
  return next;
}
