import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import { findData } from "@lab/core/data";
import type { Experiment, Mode } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import { expect, test } from "vitest";
import { experiments } from "../src/experiments/index.js";

// The gates of each experiment over three seeds. LAB_SLOW_MODE=full trains as long as the protocol asks, some hours.
const mode: Mode = process.env.LAB_SLOW_MODE === "full" ? "full" : "quick";
const found = (await findData("mnist")) && (await findData("cifar10"));

for (const experiment of experiments as readonly Experiment<unknown, unknown>[]) {
  test.skipIf(!found)(
    `${experiment.name} passes its gates over three seeds, ${mode} (needs MNIST and CIFAR-10)`,
    async () => {
      const store = mkdtempSync(join(tmpdir(), "lab-rpg-"));
      const runs: { seed: number; result: unknown }[] = [];
      for (const seed of [0, 1, 2]) {
        const result = await experiment.run({
          params: experiment.params(mode),
          seed,
          generator: new Generator(seed),
          device: device(),
          data: { dir: undefined },
          store: join(store, String(seed)),
          runner: "inline",
          signal: new AbortController().signal,
          onProgress: () => {},
        });
        runs.push({ seed, result: JSON.parse(JSON.stringify(result)) });
      }
      rmSync(store, { recursive: true });
      const { verdict, table, notes } = experiment.summarise(runs, mode);
      process.stdout.write(`${experiment.name}\n${JSON.stringify({ verdict, table, notes }, null, 1)}\n`);
      expect(verdict).toBe(experiment.name === "rpg-imagenet" ? "not at this scale" : "reproduced");
    },
  );
}
