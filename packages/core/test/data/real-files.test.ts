import { expect, test } from "vitest";
import { cifar10, findData, mnist, optdigits } from "../../src/data/index.js";

// The files themselves, where LAB_DATA_DIR names a folder that has them.
const found = {
  mnist: await findData("mnist"),
  optdigits: await findData("optdigits"),
  cifar10: await findData("cifar10"),
};

test.skipIf(!found.mnist)("MNIST has its known labels and mean", () => {
  const set = mnist({ split: "test" });
  expect(set.length).toBe(10_000);
  const { x, labels } = set.arrays({ end: 5 });
  expect([...labels]).toEqual([7, 2, 1, 0, 4]);
  expect(x.filter((value) => value > 0).length).toBeGreaterThan(400);
});

test.skipIf(!found.optdigits)("the UCI digits sum to the known 561718", () => {
  const { x, shape } = optdigits().arrays();
  expect(shape).toEqual([1797, 8, 8, 1]);
  expect(x.reduce((sum, value) => sum + value, 0) * 16).toBe(561_718);
});

test.skipIf(!found.cifar10)("CIFAR-10 test pictures are balanced", () => {
  const { labels } = cifar10({ split: "test" }).arrays();
  const counts = Array.from({ length: 10 }, (_, label) => labels.filter((value) => value === label).length);
  expect(new Set(counts).size).toBe(1);
});
