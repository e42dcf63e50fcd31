// A plan, context images and the reader.
import { init } from "@lab/core";
import * as lab from "@lab/ppuu";
import { drawEpisodes } from "@lab/ppuu/evaluation";
import { renderContext } from "@lab/ppuu/images";
import { loadNgsim } from "@lab/ppuu/ngsim";
import { row, sample } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";
import { planner, recorded } from "./settings.mjs";

/** A plan for 144 cars. */
export async function plan() {
  await init({ backend: "wasm" });
  const log = await recorded();
  const history = lab.historyFromLog(log, drawEpisodes(log, 144, 1, 1, 50));
  const world = lab.replayWorld(log);
  const observation = tf.tidy(() => ({
    ego: tf.squeeze(tf.slice(history.ego, [0, 1, 0], [144, 1, 5]), [1]),
    scene: world.scene(world.reset(history)),
    car: history.car,
    history,
  }));
  const plans = planner();
  const ours = await sample(async () => (await plans(observation)).dispose());
  const name = "plan for 144 cars, 4 candidates of 15 steps, 6 iterations";
  return { rows: [row({ name, ours, bar: { of: "ours", atMost: 1500 } })] };
}

/** Context images of a full scene. */
export async function images() {
  await init({ backend: "wasm" });
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
  const name = "context images, 64 of 117 × 24 × 3, 40 cars";
  return { rows: [row({ name, ours: await sample(once, 15), bar: { of: "ours", atMost: 40 } })] };
}

/** The reader of trajectory files. */
export async function reader() {
  const line = (id, frame) =>
    `${id} ${frame} 1000 ${1113433135300 + 100 * frame} 16.467 ${(35.381 + 2.5 * frame).toFixed(3)} 6042842.116 2133117.662 14.3 6.4 2 12.50 0.00 2 0 0 0.00 0.00\n`;
  const parts = [];
  for (let id = 1; id <= 200; id++) for (let frame = 0; frame < 1000; frame++) parts.push(line(id, frame));
  const blob = new Blob([parts.join("")]);
  const times = await sample(() => loadNgsim(blob));
  return {
    rows: [
      row({
        name: "trajectory reader",
        ours: times.map((milliseconds) => blob.size / 1e3 / milliseconds),
        unit: "MB/s",
        moreIsBetter: true,
        bar: { of: "ours", atLeast: 20 },
      }),
    ],
  };
}
