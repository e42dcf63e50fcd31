import { Generator } from "@lab/core/random";
import { hasRedis } from "@lab/tooling/redis-server";
import { afterAll, describe, expect, test } from "vitest";
import { isBuilt, type Run, TaskProcesses } from "./task-processes.js";

describe.skipIf(!isBuilt)("killed at random moments (needs the build of core and hull)", () => {
  const prepared = TaskProcesses.prepare();
  afterAll(async () => (await prepared).stop());
  const generator = new Generator(7);

  for (const split of ["queries", "rows"] as const) {
    for (const kind of ["inline", "threads:2", "redis"] as const) {
      test.skipIf(kind === "redis" && !hasRedis)(
        `${split}, ${kind}: the run goes on and leaves the files of one that was not killed`,
        async () => {
          const processes = await prepared;
          const runner = kind === "redis" ? await processes.workers(`q-${split}`) : kind;
          for (const mode of ["contains", "distance"] as const) {
            const run: Run = { mode, split, runner, checkpoint: `${split}-${kind}-${mode}`.replace(":", "") };
            const whole: Run = { ...run, runner: "inline", checkpoint: `whole-${split}-${mode}` };
            const [expected] = await processes.results([whole]);
            for (let kill = 0; kill < 4; kill++) {
              const begun = (await processes.names(run.checkpoint)).length;
              const enough = begun + 1 + Math.floor(4 * generator.float64(1)[0]!);
              const child = processes.coordinator([run]);
              const closed = new Promise((resolve) => child.once("close", resolve));
              while (child.exitCode === null && (await processes.names(run.checkpoint)).length < enough) {
                await new Promise((resolve) => setTimeout(resolve, 2));
              }
              child.kill("SIGKILL");
              await closed;
            }
            expect(await processes.results([run])).toEqual([expected]);
            expect(await processes.files(run.checkpoint)).toEqual(await processes.files(whole.checkpoint));
          }
        },
      );
    }
  }
});
