import { afterAll, describe, expect, test } from "vitest";
import { hasRedis } from "./redis-server.js";
import { isBuilt, type Run, TaskProcesses } from "./task-processes.js";

describe.skipIf(!isBuilt)("tasks elsewhere (needs the build of core and hull)", () => {
  let processes: TaskProcesses | undefined;
  afterAll(() => processes?.stop());

  test(`threads${hasRedis ? " and two Redis workers" : " (no redis-server here)"} leave the files of this process, byte by byte`, async () => {
    processes = await TaskProcesses.prepare();
    const elsewhere = hasRedis ? await processes.workers("q") : "threads:1";
    const runs = (["queries", "rows"] as const).flatMap((split): Run[] => [
      { split, runner: "inline", checkpoint: `inline-${split}` },
      { split, runner: split === "rows" ? "threads:2" : elsewhere, checkpoint: `one-${split}` },
      ...(split === "rows" ? [{ split, runner: elsewhere, checkpoint: `other-${split}` }] : []),
    ]);
    const [queriesHere, queriesThere, rowsHere, rowsThreads, rowsThere] = await processes.results(runs);
    expect(queriesHere!.length).toBe(24);
    expect(queriesThere).toEqual(queriesHere);
    expect([rowsThreads, rowsThere]).toEqual([rowsHere, rowsHere]);
    const kinds = (lines: string[]) => lines.map((line) => JSON.parse(line).kind);
    expect(kinds(rowsHere!)).toEqual(kinds(queriesHere!));
    expect(new Set(kinds(rowsHere!))).toEqual(new Set(["inside", "outside"]));
    for (const split of ["queries", "rows"]) {
      const files = await processes.files(`inline-${split}`);
      expect(Object.keys(files).length).toBeGreaterThan(8);
      expect(await processes.files(`one-${split}`)).toEqual(files);
      if (split === "rows") expect(await processes.files("other-rows")).toEqual(files);
    }
  });
});
