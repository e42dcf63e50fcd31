import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findData } from "../../src/data/index.js";
import { coreCifar } from "../../src/experiments/core-cifar.js";
import { device } from "../../src/index.js";
import { Generator } from "../../src/random/index.js";

const hasCifar = (await findData("cifar10")) !== null;

// LAB_BACKEND chooses the backend: the small network on wasm, the residual one on a native backend.
const mode = device().backend === "tensorflow" ? "full" : "quick";

test.skipIf(!hasCifar)(`${mode}: the network reaches its accuracy on CIFAR-10`, async () => {
  const result = await coreCifar.run({
    params: coreCifar.params(mode),
    seed: 1,
    generator: new Generator(1),
    device: device(),
    data: { dir: undefined },
    store: await mkdtemp(join(tmpdir(), "lab-cifar-")),
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  expect(result.data).toBe("cifar10");
  expect(result.correct / result.total).toBeGreaterThanOrEqual(mode === "full" ? 0.45 : 0.4);
});
