import { ArgumentError, checkChoice, checkInteger, checkNumber } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { frameOf } from "../gradient/frame-of.js";
import { withoutGradient } from "../gradient/index.js";
import { dropout, klDivergence } from "../network/layers.js";
import { CELL } from "../raster/grid.js";
import { renderContext } from "../raster/render-context.js";
import type { History } from "../scene/scene.js";
import { type CarMotion, carsOf, motionOf } from "./car-motion.js";
import { type CnnNetwork, fullNetwork, smallNetwork } from "./cnn-network.js";
import type { CnnWorldModel, CnnWorldModelOptions } from "./cnn-world-model.js";
import type { LearnedWorldModel } from "./world-model.js";

interface CnnState {
  images: tf.Tensor4D[];
  states: tf.Tensor2D[];
  ego: tf.Tensor2D;
  motion: CarMotion;
  mask: tf.Tensor2D;
  road: History["road"];
  dt: number;
  latent: tf.Tensor | undefined;
  steps: number;
  seed: number;
  /** The same future with dropped units, several times. */
  passes?: CnnState[];
}

const LARGEST_LOG_VARIANCE = 4;
const NORMALISATION = { mean: [1.3, 0, 1, 0, 6.6], std: [0.5, 0.05, 0.02, 0.03, 2.5] };
/** Scales of what the small network sees of a state: Δx/2, 5Δy, dx, 10 dy, v/10; dx gives way to the lane phase. */
const SMALL_SCALES = [0.5, 5, 10, 0.1];

/**
 * A stochastic convolutional world on context images: encoder, latent variables, decoder, fed back step by step.
 *
 * With `dfm-km` and `cfm-km` the ego's motion is kinematics; the image is predicted in the frame of the next ego state.
 *
 * @param options - See {@link CnnWorldModelOptions}.
 * @returns A world model; scenes have `image` and `reference`, their `cars` roll on at constant velocity.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks Full size: 15 638 920 parameters (`cfm`), 14 130 051 (`dfm-km`); training it needs a graphics card.
 * @see Sobal et al. (2022), section 3; Henaff, Canziani, LeCun (2019), appendix; sizes as in the published code.
 */
export function cnnWorldModel(options: CnnWorldModelOptions): CnnWorldModel {
  const kind = checkChoice("cnnWorldModel", "kind", options.kind, ["dfm-km", "cfm-km", "cfm"] as const);
  const size = checkChoice("cnnWorldModel", "size", options.size ?? "small", ["full", "small"] as const);
  const residual = checkChoice("cnnWorldModel", "residual", options.residual ?? "logit", [
    "logit",
    "add",
  ] as const);
  const rate = checkNumber("cnnWorldModel", "dropout", options.dropout ?? 0.1, { min: 0, below: 1 });
  const latentDropout = checkNumber("cnnWorldModel", "latentDropout", options.latentDropout ?? 0.5, {
    min: 0,
    max: 1,
  });
  const beta = checkNumber("cnnWorldModel", "beta", options.beta ?? 1e-6, { min: 0 });
  const seed = checkInteger("cnnWorldModel", "seed", options.seed ?? 0, { min: 0 });
  const { mean, std } = options.normalisation ?? NORMALISATION;
  const isStochastic = options.isStochastic ?? true;
  if (options.latentSize !== undefined)
    checkInteger("cnnWorldModel", "latentSize", options.latentSize, { min: 1 });
  const withState = kind === "cfm";
  if (withState && size === "small") {
    throw new ArgumentError('cnnWorldModel: size is "small" for kind "cfm"; "full" was expected', {
      argument: "size",
      value: size,
    });
  }
  const generator = new Generator(seed).split("cnn-world");
  const actionSize = kind === "dfm-km" ? 5 : 2;
  const network: CnnNetwork =
    size === "full"
      ? fullNetwork(generator, { actionSize, withState, latentSize: options.latentSize })
      : smallNetwork(generator, actionSize, options.latentSize);
  const [height, width] = network.size;
  const cell = (CELL * 117) / (size === "full" ? 117 : 58.5);
  const { frames, latentSize } = network;

  const normalised = (state: tf.Tensor2D) =>
    tf.div(tf.sub(state, tf.tensor1d([...mean])), tf.tensor1d([...std])) as tf.Tensor2D;
  const diff = (now: tf.Tensor2D, before: tf.Tensor2D) => {
    const rows = now.shape[0];
    const moved = tf.sub(tf.slice(now, [0, 0], [rows, 2]), tf.slice(before, [0, 0], [rows, 2]));
    return tf.concat2d([moved as tf.Tensor2D, tf.slice(now, [0, 2], [rows, 3])], 1);
  };
  /** What the network sees of the next ego state. */
  const seenState = (next: tf.Tensor2D, before: tf.Tensor2D, road: History["road"]): tf.Tensor2D => {
    const change = diff(next, before);
    if (size === "full") return normalised(change);
    const [dx, dy, , direction, v] = tf.split(change, 5, 1) as tf.Tensor2D[];
    const y = tf.slice(next, [0, 1], [next.shape[0], 1]);
    const centre = withoutGradient(() =>
      tf.mul(
        tf.add(tf.clipByValue(tf.floor(tf.div(y, road.laneWidth)), 0, road.lanes - 1), 0.5),
        road.laneWidth,
      ),
    );
    const phase = tf.div(tf.sub(y, centre), road.laneWidth / 2) as tf.Tensor2D;
    const scaled = [dx!, dy!, direction!, v!].map((t, i) => tf.mul(t, SMALL_SCALES[i]!) as tf.Tensor2D);
    return tf.concat2d([...scaled, phase], 1);
  };
  const draw = (cars: tf.Tensor3D, mask: tf.Tensor2D, road: History["road"], reference: tf.Tensor2D) =>
    renderContext({ cars, mask, road }, { reference, height, width, cell });
  const finish = (raw: tf.Tensor4D, last: tf.Tensor4D): tf.Tensor4D => {
    if (residual === "add") return tf.sigmoid(tf.add(raw, last));
    const clipped = tf.clipByValue(last, 0.01, 0.99);
    return tf.sigmoid(tf.add(raw, tf.log(tf.div(clipped, tf.sub(1, clipped))))) as tf.Tensor4D;
  };

  const begin = (history: History, latent: tf.Tensor | undefined, latentSeed: number): CnnState => {
    const seen = history.cars.shape[1];
    const at = (t: number) => Math.max(0, seen - frames + t);
    const egoAt = (t: number) => frameOf<tf.Tensor2D>(history.ego, at(t));
    const images: tf.Tensor4D[] = [];
    const states: tf.Tensor2D[] = [];
    for (let t = 0; t < frames; t++) {
      const cars = frameOf<tf.Tensor3D>(history.cars, at(t));
      images.push(draw(cars, history.mask, history.road, egoAt(t)));
      states.push(normalised(diff(egoAt(t), egoAt(Math.max(0, t - 1)))));
    }
    return {
      images,
      states,
      ego: egoAt(frames - 1),
      motion: motionOf(history),
      mask: history.mask,
      road: history.road,
      dt: history.dt,
      latent,
      steps: 0,
      seed: latentSeed,
    };
  };
  const inputOf = (state: CnnState, action: tf.Tensor2D, drops: Generator | undefined) => ({
    images: tf.concat(state.images, 3) as tf.Tensor4D,
    states: tf.concat2d(state.states, 1),
    action,
    drop: dropout(rate, drops),
  });
  const advance = (
    state: CnnState,
    next: tf.Tensor2D,
    action: tf.Tensor2D,
    latent: tf.Tensor2D,
    drops: Generator | undefined,
  ): CnnState => {
    const out = network.predict({ ...inputOf(state, action, drops), latent });
    const image = finish(out.image, state.images.at(-1)!);
    const lastState = state.states.at(-1)!;
    const nextState = out.state
      ? (tf.add(lastState, out.state) as tf.Tensor2D)
      : normalised(diff(next, state.ego));
    let ego = next;
    if (out.state) {
      const real = tf.add(tf.mul(nextState, tf.tensor1d([...std])), tf.tensor1d([...mean]));
      const rows = next.shape[0];
      const position = tf.add(tf.slice(state.ego, [0, 0], [rows, 2]), tf.slice(real, [0, 0], [rows, 2]));
      ego = tf.concat2d([position as tf.Tensor2D, tf.slice(real, [0, 2], [rows, 3]) as tf.Tensor2D], 1);
    }
    const { motion, dt } = state;
    return {
      ...state,
      images: [...state.images.slice(1), image],
      states: [...state.states.slice(1), nextState],
      ego,
      motion: {
        ...motion,
        x: tf.add(motion.x, tf.mul(motion.v, dt)),
        y: tf.add(motion.y, tf.mul(motion.lateral, dt)),
      },
      steps: state.steps + 1,
    };
  };
  const prior = (rows: number, from: number, step: number): tf.Tensor2D =>
    isStochastic
      ? (new Generator(from).split("latent").split(step).normal([rows, latentSize]) as tf.Tensor2D)
      : tf.zeros([rows, latentSize]);
  const actionOf = (state: CnnState, next: tf.Tensor2D, action: tf.Tensor2D | undefined): tf.Tensor2D => {
    if (kind === "dfm-km") return seenState(next, state.ego, state.road);
    if (!action) {
      throw new ArgumentError(`cnnWorldModel: action is left out; kind "${kind}" needs it in step`, {
        argument: "action",
        value: undefined,
      });
    }
    return tf.mul(action, tf.tensor1d([0.5, 100]));
  };
  /** Images of a window one after another, with the recorded ego; calls back with prediction and truth. */
  const unroll = (
    window: Parameters<LearnedWorldModel["loss"]>[0],
    latentOf: (state: CnnState, action: tf.Tensor2D, target: tf.Tensor4D, t: number) => tf.Tensor2D,
    drops: Generator | undefined,
    take: (
      predicted: tf.Tensor4D,
      target: tf.Tensor4D,
      t: number,
      state: CnnState,
      next: tf.Tensor2D,
    ) => void,
  ) => {
    const { history, ego, actions, cars, mask } = window;
    const steps = cars.shape[1];
    let state = begin(history, undefined, 0);
    for (let t = 0; t < steps; t++) {
      const next = frameOf<tf.Tensor2D>(ego, t);
      const act = frameOf<tf.Tensor2D>(actions, t);
      const there = frameOf<tf.Tensor2D>(mask, t);
      const others = frameOf<tf.Tensor3D>(cars, t);
      const target = withoutGradient(() => draw(others, there, history.road, next));
      const action = actionOf(state, next, act);
      const latent = latentOf(state, action, target, t);
      state = advance(state, next, action, latent, drops?.split(t));
      take(state.images.at(-1)!, target, t, state, next);
    }
  };

  const model: CnnWorldModel = {
    kind,
    predictsEgo: withState,
    imageSize: [height, width],
    cell,
    frames,
    dropsUnits: false,
    passes: 0,
    model: {
      parameters: network.layers.parameters,
      predict: (input) => network.predict({ ...input, drop: dropout(rate, undefined) }),
    },
    reset(history, { latent, seed: latentSeed = 0 } = {}) {
      const state = begin(history, latent, latentSeed);
      return {
        ...state,
        ...(model.passes > 0 && { passes: new Array<CnnState>(model.passes).fill(state) }),
      };
    },
    step(given, ego, action) {
      const state = given as unknown as CnnState;
      const rows = ego.shape[0];
      const fixed = state.latent;
      const latent = fixed ? frameOf<tf.Tensor2D>(fixed, state.steps) : prior(rows, state.seed, state.steps);
      const drops = model.dropsUnits
        ? new Generator(state.seed).split("dropout").split(state.steps)
        : undefined;
      const next = advance(state, ego, actionOf(state, ego, action), latent, drops);
      const passes = state.passes?.map((pass, p) => {
        const own = new Generator(state.seed).split("passes").split(p).split(state.steps);
        return advance(pass, ego, actionOf(pass, ego, action), latent, own);
      });
      return { ...next, ...(passes && { passes }) };
    },
    scene(given) {
      const { images, ego, motion, mask, road, passes, steps } = given as unknown as CnnState;
      const image = images.at(-1)!;
      return {
        ...{ cars: carsOf(motion), mask, road, image, reference: ego },
        ...(passes && {
          passes: passes.map((pass) => pass.images.at(-1)!),
          steps: new Array<number>(image.shape[0]).fill(steps),
        }),
      };
    },
    ...(withState && { ego: (given) => (given as unknown as CnnState).ego }),
    parameters: () => network.layers.parameters,
    loss(window, lossSeed) {
      const draws = new Generator(lossSeed).split("cnn-loss");
      const errors: tf.Tensor[] = [];
      const divergences: tf.Tensor[] = [];
      const latentOf = (state: CnnState, action: tf.Tensor2D, target: tf.Tensor4D, t: number) => {
        const rows = action.shape[0];
        if (!isStochastic) return prior(rows, 0, t);
        const { mean: mu, logVariance } = network.posterior(
          inputOf(state, action, draws.split("posterior").split(t)),
          target,
        );
        divergences.push(klDivergence(mu, tf.minimum(logVariance, LARGEST_LOG_VARIANCE) as tf.Tensor2D));
        const noise = draws.split("noise").split(t).normal([rows, latentSize]) as tf.Tensor2D;
        // Whole batches go without their posterior, as in the source.
        if (draws.split("blind").split(t).float64(1)[0]! < latentDropout) return noise;
        return tf.add(mu, tf.mul(noise, tf.exp(tf.div(logVariance, 2)))) as tf.Tensor2D;
      };
      unroll(window, latentOf, draws.split("dropout"), (predicted, target, t, state, next) => {
        errors.push(tf.mean(tf.squaredDifference(predicted, target)));
        if (!withState) return;
        const past = window.history.ego;
        const before =
          t === 0 ? frameOf<tf.Tensor2D>(past, past.shape[1] - 1) : frameOf<tf.Tensor2D>(window.ego, t - 1);
        const truth = normalised(diff(next, before));
        errors.push(tf.mean(tf.squaredDifference(state.states.at(-1)!, truth)));
      });
      const steps = window.cars.shape[1];
      const error = tf.div(tf.addN(errors), steps);
      if (divergences.length === 0) return error;
      return tf.add(error, tf.mul(tf.mean(tf.addN(divergences)), beta));
    },
    async errors(window, errorSeed) {
      const results = tf.tidy(() => {
        const found: tf.Tensor[] = [];
        let last: tf.Tensor4D | undefined;
        const latentOf = (state: CnnState, action: tf.Tensor2D, _target: tf.Tensor4D, t: number) => {
          last ??= state.images.at(-1)!;
          return prior(action.shape[0], errorSeed, t);
        };
        unroll(window, latentOf, undefined, (predicted, target) => {
          found.push(
            tf.mean(tf.squaredDifference(predicted, target)),
            tf.mean(tf.squaredDifference(last!, target)),
          );
        });
        return tf.stack(found);
      });
      const values = Array.from(await results.data());
      results.dispose();
      return {
        model: values.filter((_, i) => i % 2 === 0),
        copy: values.filter((_, i) => i % 2 === 1),
      };
    },
    dispose: () => network.layers.dispose(),
  };
  return model;
}
