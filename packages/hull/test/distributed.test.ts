import { hasRedis } from "@lab/tooling/redis-server";
import { afterAll, describe, expect, test } from "vitest";
import { isBuilt, type Run, TaskProcesses } from "./task-processes.js";

describe.skipIf(!isBuilt)("tasks elsewhere (needs the build of core and hull)", () => {
  let processes: TaskProcesses | undefined;
  afterAll(() => processes?.stop());

  test(`threads${hasRedis ? " and two Redis workers" : " (no redis-server here)"} leave the files of this process, byte by byte`, async () => {
    processes = await TaskProcesses.prepare();
    const elsewhere = hasRedis ? await processes.workers("q") : "threads:1";
    const runs = (["queries", "rows"] as const).flatMap((split): Run[] => [
      { split, runner: "inline", checkpoint: `here-${split}` },
      { split, runner: split === "rows" ? "threads:2" : elsewhere, checkpoint: `there-${split}` },
    ]);
    const [queriesHere, queriesThere, rowsHere, rowsThere] = await processes.results(runs);
    expect(queriesHere!.length).toBe(24);
    expect(queriesThere).toEqual(queriesHere);
    expect(rowsThere).toEqual(rowsHere);
    const kinds = (lines: string[]) => lines.map((line) => JSON.parse(line).kind);
    expect(kinds(rowsHere!)).toEqual(kinds(queriesHere!));
    expect(new Set(kinds(rowsHere!))).toEqual(new Set(["inside", "outside"]));
    for (const split of ["queries", "rows"]) {
      const files = await processes.files(`here-${split}`);
      expect(Object.keys(files).length).toBeGreaterThan(8);
      expect(await processes.files(`there-${split}`)).toEqual(files);
    }
  }, 180_000);
});
