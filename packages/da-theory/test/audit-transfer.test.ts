import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { glyphs } from "@lab/core/data";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, expect, test } from "vitest";
import { auditTransfer } from "../src/sweep/audit-transfer.js";
import { classSweep } from "../src/sweep/class-sweep.js";

const folder = mkdtempSync(join(tmpdir(), "lab-transfer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const handler = new URL("./fixture/counting-task.mjs", import.meta.url).href;
const store = join(folder, "sweep");
const sweep = () =>
  classSweep({ settings: [{ name: "none" }, { name: "crop" }], seeds: [1, 2], handler, store });
const downstream = glyphs({ count: 400, seed: 3, size: 8 });
const keepHalf = (setting: string | number, _: unknown, images: tf.Tensor4D) =>
  tf.tidy(() => {
    const kept = setting === "crop" ? tf.slice(images, [0, 0, 0, 0], [-1, -1, 4, -1]) : images;
    return tf.reshape(kept, [images.shape[0], -1]) as tf.Tensor2D;
  });

test.each(["ridge", "logistic"] as const)(
  "features that lose half of the picture lose classes: %s",
  async (probe) => {
    await sweep();
    const before = tf.memory().numTensors;
    const audit = await auditTransfer({
      store,
      features: keepHalf,
      downstream,
      probe,
      reference: "none",
      draws: 50,
    });
    expect(tf.memory().numTensors).toBe(before);
    const [none, crop] = audit.average;
    expect(none!.accuracy).toBeGreaterThan(0.65);
    expect(crop!.delta).toBeLessThan(-0.1);
    expect(audit.effects.reduce((sum, { count }) => sum + count, 0)).toBe(200);
  },
);

test("features from a module", async () => {
  await sweep();
  const features = new URL("./fixture/features.mjs", import.meta.url).href;
  const options = { store, downstream, draws: 10 };
  const [one, two] = [
    await auditTransfer({ ...options, features }),
    await auditTransfer({ ...options, features: keepHalf }),
  ];
  expect(one.toJSON()).toEqual(two.toJSON());
  expect(one.average[0]!.setting).toBe("none");
});

test("refuses images without labels, modules without a function, features of another length", async () => {
  await sweep();
  const options = { store, downstream, reference: "none", features: keepHalf };
  await expect(
    auditTransfer({ ...options, downstream: tf.zeros([4, 8, 8, 1]) as tf.Tensor4D }),
  ).rejects.toThrow("auditTransfer: downstream is a batch without labels; a data set was expected");
  await expect(
    auditTransfer({ ...options, features: () => tf.zeros([3, 2]) as tf.Tensor2D }),
  ).rejects.toThrow("auditTransfer: features of setting crop, seed 1 have shape [3,2]; [400,F] was expected");
  const nothing = `data:text/javascript,export const x = 1`;
  await expect(auditTransfer({ ...options, features: nothing })).rejects.toThrow("has no default export");
  await expect(auditTransfer({ ...options, store: folder })).rejects.toThrow("holds no finished training");
});
