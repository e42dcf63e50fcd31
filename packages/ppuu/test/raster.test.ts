import { expectClose, numericalGradient } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  contours,
  cropContext,
  imageCosts,
  renderContext,
  separableMask,
  taperMask,
  warpContext,
} from "../src/images.js";
import type { Scene } from "../src/index.js";

const pose = (x = 1.3, y = -0.4, heading = 0.05, v = 12) =>
  tf.tensor2d([[x, y, Math.cos(heading), Math.sin(heading), v]]);
const car = () => tf.tensor2d([[4.8, 1.9]]);
const linspace = { grid: "linspace" } as const;
const wave = tf.util.flatten(
  Array.from({ length: 117 }, (_, i) =>
    Array.from({ length: 24 }, (_v, j) => 0.5 + 0.5 * Math.sin(0.17 * i + 0.9 * j)),
  ),
) as number[];

/** A scene of one car that appears at this pose in the reference frame of heading −`heading` at the origin. */
function seenAt(x: number, y: number, heading: number, length: number, width: number): [Scene, tf.Tensor2D] {
  // Turned so that the car lies along the road of the world.
  const [c, s] = [Math.cos(-heading), Math.sin(-heading)];
  const scene: Scene = {
    cars: tf.tensor3d([[[c * x - s * y, s * x + c * y + 1000, 0, length, width]]]),
    mask: tf.ones([1, 1]),
    road: { lanes: 1, laneWidth: 3.7, destination: 1 },
  };
  return [scene, tf.tensor2d([[0, 1000, c, s, 0]])];
}

describe("taperMask", () => {
  // Golden values from the formula with numpy in double precision, cells at linspace.
  test("has the golden sums, maxima and cells", async () => {
    const { proximity, lane } = taperMask(pose(), car(), tf.tensor1d([12]), linspace);
    await expectClose([(await tf.sum(proximity).data())[0]!], [230.701363], { relative: 1e-6 });
    await expectClose([(await tf.sum(lane).data())[0]!], [258.754935], { relative: 1e-6 });
    await expectClose(
      [(await tf.max(proximity).data())[0]!, (await tf.max(lane).data())[0]!],
      [1.210125, 1.840858],
    );
    const at = async (mask: tf.Tensor, i: number, j: number) =>
      (await tf.slice(mask, [0, i, j], [1, 1, 1]).data())[0]!;
    expect(await at(proximity, 58, 12)).toBeCloseTo(1.09789, 5);
    expect(await at(proximity, 30, 8)).toBeCloseTo(0.053125, 5);
    expect(await at(lane, 30, 12)).toBeCloseTo(0.271434, 5);
    expect(await at(proximity, 10, 12)).toBe(0);
  });

  test("the cost of an image and its gradient by the pose are the golden ones", async () => {
    const image = tf.tensor3d(wave, [1, 117, 24]);
    const cost = (given: tf.Tensor) =>
      tf.tidy(() => {
        const [x, y, heading] = tf.split(given, 3) as [tf.Tensor, tf.Tensor, tf.Tensor];
        const row = [x, y, tf.cos(heading), tf.sin(heading), tf.tensor1d([12])];
        const at = tf.reshape(tf.concat(row), [1, 5]) as tf.Tensor2D;
        const { proximity } = taperMask(at, car(), tf.tensor1d([12]), linspace);
        return tf.div(tf.sum(tf.mul(proximity, tf.square(image))), tf.add(tf.sum(proximity), 1e-6));
      });
    const at = tf.tensor1d([1.3, -0.4, 0.05]);
    await expectClose(cost(at), [0.377438], { relative: 2e-6 });
    await expectClose(tf.grad(cost)(at), [-0.001352994, 0.006235275, 0.051113603], {
      absolute: 2e-6,
      relative: 1e-4,
    });
  });

  test("moving the mask on square cells gives the golden sum", async () => {
    const cell = (4 * 3.7) / 24; // x and y of the wave are metres
    const values = Array.from({ length: 117 }, (_, i) =>
      Array.from(
        { length: 24 },
        (_v, j) => 0.5 + 0.5 * Math.sin(0.25 * (58 - i) * cell + 0.7 * (j - 11.5) * cell),
      ),
    );
    const { proximity } = taperMask(pose(), car(), tf.tensor1d([12]));
    const sum = tf.sum(tf.mul(proximity, tf.square(tf.tensor3d([values]))));
    await expectClose(sum, [91.373692], { relative: 1e-6 });
  });
});

test("the separable mask is 1 on the car, 0 far away, and longer at speed", async () => {
  const slow = separableMask(car(), tf.tensor1d([2]));
  const fast = separableMask(car(), tf.tensor1d([15]));
  const [a, b] = [await slow.proximity.array(), await fast.proximity.array()];
  expect(a[0]![58]![12]!).toBe(Math.max(...a[0]!.flat()));
  expect(a[0]![58]![12]!).toBeGreaterThan(0.8);
  expect(a[0]![0]![12]).toBe(0);
  expect(b[0]![30]![12]!).toBeGreaterThan(a[0]![30]![12]!);
  expect(Math.min(...a[0]!.flat(), ...b[0]!.flat())).toBeGreaterThanOrEqual(0);
  const lane = await slow.lane.array();
  expect(lane[0]![58]![12]!).toBeGreaterThan(0);
  expect(lane[0]![20]![12]).toBe(0);
});

describe("contours", () => {
  const cells = (image: tf.Tensor3D, mode: "near" | "official") =>
    contours(image, { mode })
      .array()
      .then((rows) =>
        rows[0]!.flatMap((row, i) => row.flatMap((value, j) => (value > 0 ? [[i, j, value]] : []))),
      );
  const image = () => {
    const rows = Array.from({ length: 9 }, (_, i) =>
      Array.from({ length: 7 }, (_v, j) =>
        ([1, 2].includes(i) && [2, 3, 4].includes(j)) || ([6, 7].includes(i) && [4, 5].includes(j)) ? 1 : 0,
      ),
    );
    return tf.tensor3d([rows]);
  };

  test("of several channels are those of each", async () => {
    const channels = [image(), tf.mul(image(), 0.5) as tf.Tensor3D];
    for (const mode of ["near", "official", "none"] as const) {
      const all = contours(tf.stack(channels, 3) as tf.Tensor4D, { mode });
      const each = channels.map((channel) => contours(channel, { mode }));
      expect(await all.array()).toEqual(await tf.stack(each, 3).array());
    }
    expect(() => contours(tf.zeros([2, 3]) as unknown as tf.Tensor3D)).toThrow(
      "contours: image has shape [2,3]; [batch,height,width] or [batch,height,width,channels] was expected",
    );
  });

  test("official edges are those of the published code", async () => {
    const ones = [
      [1, 2],
      [2, 2],
      [3, 2],
      [3, 3],
      [3, 4],
      [1, 5],
      [2, 5],
      [6, 4],
      [6, 5],
      [6, 6],
      [7, 6],
    ];
    const found = await cells(image(), "official");
    expect(found.map(([i, j]) => [i, j]).sort()).toEqual(ones.sort());
    expect(found.every(([, , value]) => value === 1)).toBe(true);
  });

  test("near edges face the middle", async () => {
    expect(await cells(image(), "near")).toEqual([
      [3, 2, 1],
      [3, 3, 1],
      [3, 4, 1],
      [6, 4, 2],
      [6, 5, 1],
      [7, 4, 1],
    ]);
  });
});

describe("renderContext", () => {
  test("the area of turned cars is the golden one", async () => {
    for (const [pose_, area] of [
      [[9.3, -2.1, 0.2, 4.8, 1.9], 9.110803],
      [[-20.4, 3.3, -0.6, 8, 2.5], 20.028153],
    ] as const) {
      const [scene, reference] = seenAt(...(pose_ as [number, number, number, number, number]));
      const image = renderContext(scene, { reference });
      const cell = 0.6166667;
      const sum = (await tf.sum(tf.slice(image, [0, 0, 0, 1], [1, 117, 24, 1])).data())[0]!;
      await expectClose([sum * cell * cell], [area], { relative: 1e-5 });
    }
  });

  test("a fourth channel holds the own car in the middle, beside the other three", async () => {
    const [scene, reference] = seenAt(9.3, -2.1, 0.2, 4.8, 1.9);
    const car = tf.tensor2d([[4.8, 1.9]]);
    const image = renderContext(scene, { reference, channels: 4, car });
    expect(image.shape).toEqual([1, 117, 24, 4]);
    const plain = renderContext(scene, { reference });
    expect(await tf.slice(image, [0, 0, 0, 0], [1, 117, 24, 3]).array()).toEqual(await plain.array());
    const own = (await tf.squeeze(tf.slice(image, [0, 0, 0, 3], [1, 117, 24, 1])).array()) as number[][];
    expect(own[58]![11]).toBe(1);
    expect(own[58]![0]! + own[40]![12]!).toBe(0);
    expect(() => renderContext(scene, { reference, channels: 4 })).toThrow(
      "car is left out and channels is 4",
    );
  });

  test("each cell is within .045 of its coverage by supersampling", async () => {
    const [x, y, heading, length, width] = [9.3, -2.1, 0.2, 4.8, 1.9];
    const [scene, reference] = seenAt(x, y, heading, length, width);
    const image = (await renderContext(scene, { reference }).array())[0]!;
    const cell = (4 * 3.7) / 24;
    let worst = 0;
    for (let i = 35; i < 55; i++) {
      for (let j = 0; j < 24; j++) {
        let inside = 0;
        for (let p = 0; p < 256; p++) {
          const a = (58 - i) * cell + ((p >> 4) / 16 + 1 / 32 - 0.5) * cell - x;
          const b = (j - 11.5) * cell + ((p & 15) / 16 + 1 / 32 - 0.5) * cell - y;
          const along = Math.cos(heading) * a + Math.sin(heading) * b;
          const across = Math.cos(heading) * b - Math.sin(heading) * a;
          if (Math.abs(along) < length / 2 && Math.abs(across) < width / 2) inside++;
        }
        worst = Math.max(worst, Math.abs(inside / 256 - image[i]![j]![1]!));
      }
    }
    expect(worst).toBeLessThan(0.045);
    expect(worst).toBeGreaterThan(0);
  });

  test("the gradient by the car's place equals central differences, and a batch equals a loop", async () => {
    const [scene, reference] = seenAt(9.31, -2.13, 0.2, 4.8, 1.9);
    const weights = tf.tensor4d(
      Array.from({ length: 117 * 24 * 3 }, (_, k) => Math.sin(0.013 * k)),
      [1, 117, 24, 3],
    );
    const base = (await scene.cars.data()) as Float32Array;
    const value = (cars: tf.Tensor) =>
      tf.sum(tf.mul(renderContext({ ...scene, cars: cars as tf.Tensor3D }, { reference }), weights));
    const found = await tf.grad(value)(scene.cars).data();
    const f = (at: Float64Array) =>
      tf.tidy(() => value(tf.tensor3d([...at, ...base.slice(2)], [1, 1, 5])).arraySync() as number);
    const expected = numericalGradient(f, base.slice(0, 2), 4e-3);
    await expectClose(found.slice(0, 2), expected, { relative: 2e-2, absolute: 2e-2 });

    const other = seenAt(-4, 2, -0.1, 5, 2);
    const both: Scene = { ...scene, cars: tf.concat([scene.cars, other[0].cars]), mask: tf.ones([2, 1]) };
    const batch = renderContext(both, { reference: tf.concat2d([reference, other[1]], 0) });
    await expectClose(
      batch,
      tf.concat([renderContext(scene, { reference }), renderContext(other[0], { reference: other[1] })]),
      { absolute: 1e-5 },
    );
  });

  test("lines lie between the lanes and off-road beyond them", async () => {
    const scene: Scene = {
      cars: tf.zeros([1, 1, 5]),
      mask: tf.zeros([1, 1]),
      road: { lanes: 3, laneWidth: 3.7, destination: 1 },
    };
    const reference = tf.tensor2d([[0, 1.85, 1, 0, 5]]);
    const row = (await renderContext(scene, { reference }).array())[0]![58]!;
    const cell = 0.616667;
    for (const [j, value] of row.entries()) {
      const y = 1.85 + (j - 11.5) * cell;
      const toLine = Math.abs(y - Math.min(3, Math.max(0, Math.round(y / 3.7))) * 3.7);
      expect(value[0]).toBeCloseTo(Math.min(1, Math.max(0, (0.3 - toLine) / cell + 0.5)), 4);
      expect(value[1]).toBe(0);
      expect(value[2]).toBeCloseTo(Math.min(1, Math.max(0, -y / cell + 0.5)), 4);
    }
  });
});

test("a car ahead in the image costs, and less when the ego is placed further back", async () => {
  const scene: Scene = {
    cars: tf.tensor3d([[[14, 1.85, 5, 4.8, 1.9]]]),
    mask: tf.ones([1, 1]),
    road: { lanes: 1, laneWidth: 3.7, destination: 1 },
    reference: tf.tensor2d([[0, 1.85, 1, 0, 8]]),
  };
  const image = renderContext(scene);
  const cost = imageCosts();
  const at = (x: number) =>
    cost({
      scene: { ...scene, image },
      ego: tf.tensor2d([[x, 1.85, 1, 0, 8]]),
      action: tf.zeros([1, 2]),
      car: car(),
    });
  const [near, far] = [at(3), at(-12)];
  expect((await near.parts.proximity!.data())[0]!).toBeGreaterThan(
    2 * (await far.parts.proximity!.data())[0]!,
  );
  expect((await at(40).parts.reference!.data())[0]!).toBeCloseTo(10 ** 4, 0);
  expect(() => cost({ scene, ego: pose(), action: tf.zeros([1, 2]), car: car() })).toThrow(
    "scene.image is left out",
  );
});

describe("warpContext", () => {
  const cell = (4 * 3.7) / 24;
  const wave_ = () =>
    tf.tensor4d(
      Array.from({ length: 117 * 24 }, (_, k) => {
        const [i, j] = [Math.floor(k / 24), k % 24];
        return 0.5 + 0.5 * Math.sin(0.25 * (58 - i) * cell + 0.7 * (j - 11.5) * cell);
      }),
      [1, 117, 24, 1],
    );

  test("the identity gives the image back", async () => {
    await expectClose(warpContext(wave_(), tf.tensor2d([[0, 0, 1, 0, 5]])), wave_(), { absolute: 2e-5 });
  });

  test("moving the image agrees with moving the mask", async () => {
    const centred = taperMask(tf.tensor2d([[0, 0, 1, 0, 12]]), car(), tf.tensor1d([12])).proximity;
    const moved = tf.squeeze(warpContext(wave_(), pose()), [3]);
    await expectClose(tf.sum(tf.mul(centred, tf.square(moved))), [90.902159], { relative: 1e-4 });
  });

  test("the middle of an image is cut out", async () => {
    const cut = cropContext(wave_(), [115, 22]);
    expect(cut.shape).toEqual([1, 115, 22, 1]);
    await expectClose(
      tf.slice(cut, [0, 0, 0, 0], [1, 1, 1, 1]),
      tf.slice(wave_(), [0, 1, 1, 0], [1, 1, 1, 1]),
    );
    expect(() => cropContext(wave_(), [116, 22])).toThrow("smaller by an even number");
  });
});
