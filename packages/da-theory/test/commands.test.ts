import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandContext } from "@lab/core/experiment";
import { writeNpz } from "@lab/core/io";
import { afterAll, describe, expect, test } from "vitest";
import { type ClassAudit, parsePredictions } from "../src/audit/index.js";
import { commands } from "../src/commands/index.js";
import { simulateAudit } from "./simulate-audit.js";

const folder = mkdtempSync(join(tmpdir(), "lab-audit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function lab(path: string, options: Record<string, unknown>, json = false) {
  const command = commands.find((c) => c.path.join(" ") === path)!;
  const defaults = Object.fromEntries(
    Object.entries(command.options).flatMap(([name, o]) =>
      o.default === undefined ? [] : [[name, o.default]],
    ),
  );
  const lines: string[] = [];
  const code = await command.run({
    options: { ...defaults, ...options },
    json,
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: () => {},
    print: (line: string) => lines.push(line),
  } as unknown as CommandContext);
  return { code, text: lines.join("\n") };
}

const planted = simulateAudit({ seed: 1, runs: 8, classes: 4, images: 100, effects: { 1: -1.5 } });
const table = ["seed,setting,prediction,label,index"]
  .concat(
    planted.runs.flatMap(({ setting, seed, predictions }) =>
      Array.from(predictions!, (p, i) => `${seed},${setting},${p},${planted.labels[i]},${i}`),
    ),
  )
  .join("\n");

describe("lab audit", () => {
  test("reports, writes a page and fails on losers", async () => {
    const file = join(folder, "predictions.csv");
    const html = join(folder, "report.html");
    writeFileSync(file, table);
    const options = { predictions: file, reference: "a", draws: 200 };
    const { code, text } = await lab("audit", { ...options, html });
    expect(code).toBe(0);
    expect(text).toContain("## Losers");
    expect(text).toMatch(/\| 1 \| b \|.*\| 2 \(\d+\.\d\) \|/);
    const page = readFileSync(html, "utf8");
    expect(page).toContain("<td>b</td>");
    expect(page.match(/<figure>/g)).toHaveLength(3);
    expect((await lab("audit", { ...options, "fail-on-losers": true })).code).toBe(3);
    expect((await lab("audit", { ...options, reference: "b", "fail-on-losers": true })).code).toBe(0);
    const json = JSON.parse((await lab("audit", options, true)).text) as {
      effects: { class: number; verdict: string }[];
    };
    expect(json.effects.find((e) => e.class === 1)!.verdict).toBe("loses");
  });

  test("reads archives of columns and refuses others", async () => {
    const rows = planted.runs.flatMap(({ setting, seed, predictions }) =>
      Array.from(predictions!, (p, i) => [setting === "a" ? 0 : 0.5, Number(seed), i, planted.labels[i]!, p]),
    );
    const column = (k: number) => ({ shape: [rows.length], data: Float64Array.from(rows, (row) => row[k]!) });
    const names = ["setting", "seed", "index", "label", "prediction"];
    const file = join(folder, "predictions.npz");
    await writeNpz(file, Object.fromEntries(names.map((name, k) => [name, column(k)])));
    const { text } = await lab("audit", { predictions: file, reference: "0", draws: 50 }, true);
    expect((JSON.parse(text) as { reference: number }).reference).toBe(0);
    await writeNpz(file, { setting: column(0) });
    await expect(lab("audit", { predictions: file, reference: "0" })).rejects.toThrow(
      `audit: ${file} has no array 'seed'; arrays setting, seed, index, label, prediction of shape [rows] were expected`,
    );
    await expect(lab("audit", { predictions: join(folder, "no.csv"), reference: "0" })).rejects.toThrow(
      "cannot be read",
    );
  });

  test("the file that the PyTorch script of the documentation wrote", async () => {
    const at = (path: string) => new URL(path, import.meta.url).pathname;
    const page = readFileSync(at("../../../docs/papers/class-dependent-regularization.md"), "utf8");
    expect(page).toContain(readFileSync(at("./reference/predictions-torch.py"), "utf8"));
    const file = at("./reference/predictions-torch.csv");
    const { text } = await lab("audit", { predictions: file, reference: "none", draws: 100 }, true);
    const { average, effects } = JSON.parse(text) as Pick<ClassAudit, "average" | "effects">;
    expect(average.map(({ setting, runs }) => [setting, runs])).toEqual([
      ["none", 6],
      ["flip", 6],
    ]);
    const losers = effects.filter(({ verdict }) => verdict === "loses");
    expect(losers.map((e) => [e.class, e.takenBy[0]?.class]).sort()).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });
});

test("lab audit runs", async () => {
  const options = { effect: 0.05, "run-sd": 0.03, classes: 10 };
  expect((await lab("audit runs", options)).text).toBe("12");
  expect((await lab("audit runs", options, true)).text).toBe('{"runs":12}');
});

describe("parsePredictions", () => {
  const head = "setting,seed,index,label,prediction\n";

  test("any order of columns and rows, names, quotes, other columns, Windows line ends", () => {
    const text = [
      '\ufeff"label";index;score;setting;prediction;seed',
      '"cat; big";x;0.5;0;"cat; big";7',
      'dog;y;0.5;0;"say ""dog""";7',
      "",
      "dog;y;0.5;1.5;dog;7",
      '"cat; big";x;0.5;1.5;dog;7',
    ].join("\r\n");
    expect(parsePredictions(text)).toEqual({
      labels: [0, 1],
      classNames: ["cat; big", "dog", 'say "dog"'],
      runs: [
        { setting: 0, seed: "7", predictions: [0, 2] },
        { setting: 1.5, seed: "7", predictions: [1, 1] },
      ],
    });
  });

  test.each([
    ["", "predictions is empty; a header and rows were expected"],
    [
      "setting,seed,label\na,0,1",
      "predictions, line 1: the header has setting, seed, label and not index, prediction;",
    ],
    ["setting,seed,seed,index,label,prediction\na,0,0,0,1,1", "line 1: the header has seed twice;"],
    [head, "predictions has no rows"],
    [`${head}a,0,0,1,1\na,0,1,1`, "predictions, line 3: 4 values; 5, one for each column, were expected"],
    [
      `${head}a,0,0,1,x`,
      "predictions, line 2, column 9: prediction is 'x'; a class number from 0 was expected",
    ],
    [
      `${head}a,0,0,1,1\na,0,1,cat,1`,
      "predictions, line 3, column 7: label is 'cat'; a class number from 0 was expected",
    ],
    [
      `${head}a,0,0,1,1\n\na,1,0,2,1`,
      "predictions, line 4, column 7: label of index 0 is '2' and was '1' in line 2",
    ],
    [
      `${head}a,0,0,1,1\na,0,0,1,1`,
      "predictions, line 3, column 5: index 0 of setting a, seed 0 is there since line 2",
    ],
    [
      `${head}a,0,0,1,1\na,0,7,1,1\nb,0,0,1,1`,
      "predictions: setting b, seed 0 has no row for index 7, which line 3 has",
    ],
    [`${head},0,0,1,1`, "predictions, line 2, column 1: setting is empty; a value was expected"],
  ])("%j", (text, message) => {
    expect(() => parsePredictions(text)).toThrow(message);
  });
});
