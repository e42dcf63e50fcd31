import { expect, test } from "vitest";
import { rpgResnet } from "../src/index.js";

// Generated, stem, norms, classifier and all, for each network of the paper at one layer's ring.
const table = [
  [18, 1000, "imagenet", 11_157_504, 9408, 9600, 513_000, 11_689_512],
  [34, 1000, "imagenet", 21_258_240, 9408, 17_024, 513_000, 21_797_672],
  [18, 10, "cifar", 11_157_504, 1728, 9600, 5130, 11_173_962],
  [18, 100, "cifar", 11_157_504, 1728, 9600, 51_300, 11_220_132],
  [34, 10, "cifar", 21_258_240, 1728, 17_024, 5130, 21_282_122],
  [34, 100, "cifar", 21_258_240, 1728, 17_024, 51_300, 21_328_292],
] as const;

for (const [depth, classes, stem, generated, stemSize, norm, head, dense] of table) {
  test(`ResNet${depth} with ${classes} classes and the ${stem} stem has the exact counts`, () => {
    const net = rpgResnet({ depth, classes, stem, parameters: 2_359_296 });
    expect(net.report).toMatchObject({ generated, dense, free: { stem: stemSize, norm, head } });
    net.dispose();
  });
}
