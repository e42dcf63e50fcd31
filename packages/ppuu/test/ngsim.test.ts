import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError } from "@lab/core";
import { describe, expect, test } from "vitest";
import { recordedStates } from "../src/index.js";
import { loadNgsim } from "../src/ngsim/index.js";

const FOOT = 0.3048;
const HEADER =
  "Vehicle_ID,Frame_ID,Total_Frames,Global_Time,Local_X,Local_Y,Global_X,Global_Y,v_length,v_Width,v_Class,v_Vel,v_Acc,Lane_ID,Preceding,Following,Space_Headway,Time_Headway";
const START = 1_113_433_135_300;

type Row = (string | number)[];
/** A row of a car whose front centre is at (x, y) metres; the file has feet and its axes swapped. */
const row = (id: number, frame: number, x: number, y: number, lane = 2, start = START): Row => [
  id,
  frame,
  50,
  start + 100 * frame,
  (y / FOOT).toFixed(4),
  (x / FOOT).toFixed(4),
  6042842.1,
  2133117.6,
  (4.8 / FOOT).toFixed(4),
  (1.9 / FOOT).toFixed(4),
  2,
  ((8 / FOOT) as number).toFixed(2),
  0,
  lane,
  0,
  0,
  0,
  "9999.99",
];
const straight = (id: number, from: number, count: number, start = START) =>
  Array.from({ length: count }, (_, i) => row(id, from + i, 80 + 0.8 * i, 5.55, 2, start));
const changer = Array.from({ length: 60 }, (_, i) => {
  const q = Math.min(1, Math.max(0, (i - 10) / 40));
  return row(7, 100 + i, 90 + 0.9 * i, 5.55 + 3.7 * q * q * (3 - 2 * q));
});
const txt = (rows: Row[]) => `${rows.map((values) => values.join("  ")).join("\n")}\n`;
const csv = (rows: Row[], header = HEADER) =>
  `${[header, ...rows.map((values) => values.join(","))].join("\r\n")}\r\n`;
const blob = (text: string) => new Blob([text]);

describe("loadNgsim", () => {
  test("a straight car comes back as its centre, to a millimetre, whatever the window", async () => {
    for (const smooth of [0, 15]) {
      const log = await loadNgsim(blob(txt(straight(3, 100, 50))), { smooth });
      expect(log.shape).toEqual([50, 1, 1]);
      for (let i = 0; i < 50; i++) {
        expect(Math.abs(log.x[i]! - (80 + 0.8 * i - 2.4 - 72.46))).toBeLessThan(1e-3);
        expect(Math.abs(log.y[i]! - 5.55)).toBeLessThan(1e-3);
        expect(Math.abs(log.v[i]! - 8)).toBeLessThan(2e-2);
      }
      expect(log.length[0]).toBeCloseTo(4.8, 3);
      expect(log.width[0]).toBeCloseTo(1.9, 3);
    }
  });

  test("smoothing is centred: a lane changer is in the middle of his change at the same time", async () => {
    const log = await loadNgsim(blob(txt(changer)));
    const raw = await loadNgsim(blob(txt(changer)), { smooth: 0 });
    const middle = (values: Float32Array) => values.findIndex((y) => y > 7.4);
    expect(Math.abs(middle(log.y) - middle(raw.y))).toBeLessThanOrEqual(1);
    const states = recordedStates(log, 0, 0, 0, 60);
    expect(states[5 * 30 + 3]!).toBeGreaterThan(0.05); // heads to the right
  });

  test("gaps split a car, repeated rows are dropped and counted, short stays are dropped", async () => {
    const rows = [
      ...straight(3, 100, 20),
      ...straight(3, 125, 20),
      straight(3, 144, 1)[0]!.map((value, i) => (i === 4 || i === 5 ? straight(3, 125, 20)[19]![i]! : value)),
      ...straight(9, 100, 10),
    ];
    const { report, shape } = await loadNgsim(blob(txt(rows)));
    expect(report).toMatchObject({ vehicles: 2, gaps: 1, duplicates: 1, dropped: 1, frames: 45 });
    expect(shape).toEqual([45, 1, 2]);
  });

  test("CSV with CRLF, other case, thousands separators and another place", async () => {
    const rows = straight(3, 100, 20).map((values) => [...values, "i-80"]);
    const other = straight(4, 100, 20).map((values) => [...values, "us-101"]);
    const grouped = rows.map((values) =>
      values.map((value, i) => (i === 3 ? `"${Number(value).toLocaleString("en-US")}"` : value)),
    );
    const log = await loadNgsim(blob(csv([...grouped, ...other], `${HEADER.toUpperCase()},Location`)));
    expect(log.report.vehicles).toBe(1);
    expect(log.x[0]).toBeCloseTo(80 - 2.4 - 72.46, 3);
  });

  test("numbers begin anew in each recording, which becomes a scene", async () => {
    const rows = [...straight(3, 100, 20), ...straight(3, 100, 20, START + 3_600_000)];
    expect((await loadNgsim(blob(txt(rows)))).shape).toEqual([20, 2, 1]);
  });

  test("choices of vehicles, lanes and frames are kept to", async () => {
    const rows = [
      ...straight(3, 100, 40),
      ...straight(4, 100, 40).map((r) => r.map((value, i) => (i === 13 ? 7 : value))),
    ];
    expect((await loadNgsim(blob(txt(rows)), { exclude: [3] })).report.vehicles).toBe(1);
    expect((await loadNgsim(blob(txt(rows)), { lanes: [1, 2] })).report.vehicles).toBe(1);
    expect((await loadNgsim(blob(txt(rows)), { from: 110, to: 129 })).shape).toEqual([20, 1, 2]);
  });

  test("what cannot be used is refused with its line and column", async () => {
    const good = straight(3, 100, 20);
    const load = (text: string) => loadNgsim(blob(text));
    const back = txt([...good, row(3, 118, 95, 5.55)]);
    await expect(load(back)).rejects.toThrow(
      "line 21 of blob: Frame_ID goes back for vehicle 3 (118 after 119)",
    );
    const cut = txt(good);
    await expect(load(cut.slice(0, cut.length - 60))).rejects.toThrow(
      /line 20 of blob has \d+ fields; 18 were expected/,
    );
    await expect(load(csv(good, HEADER.replace("Lane_ID", "Lane")))).rejects.toThrow(
      "column lane_id is missing",
    );
    const first = (at: number, word: unknown) =>
      load(txt([good[0]!.map((value, i) => (i === at ? (word as number) : value))]));
    for (const word of ["abc", "1-2", "1.2.3", "-"]) {
      await expect(first(5, word)).rejects.toThrow(
        `line 1 of blob has "${word}" in column local_y (field 6); a number was expected`,
      );
    }
    // Numbers that are none, or too large for the log.
    for (const word of ["3e", "1e999", "4e38", "9".repeat(40)]) {
      await expect(first(5, word)).rejects.toThrow(
        `line 1 of blob has "${word.slice(0, 20)}" in column local_y (field 6); a number was expected`,
      );
    }
    for (const [at, name] of [
      [0, "vehicle_id"],
      [1, "frame_id"],
      [13, "lane_id"],
    ] as const) {
      await expect(first(at, 100.5)).rejects.toThrow(
        `line 1 of blob has 100.5 in column ${name}; a whole number was expected`,
      );
    }
    const far = straight(4, 2_000_000_000, 20);
    await expect(load(txt([...good, ...far]))).rejects.toThrow(
      "frames 100 to 2000000019 of blob with 2 cars make a log of 4 billion places; at most 1 were expected, so pass from and to",
    );
    await expect(first(8, -3)).rejects.toThrow(
      "line 1 of blob has -3 in column v_length; a size above 0 was expected",
    );
    await expect(load(csv(good, HEADER.replace("Total_Frames", "Lane_ID")))).rejects.toThrow(
      "column lane_id is there twice in blob",
    );
    const metres = good.map((values) => values.map((value, i) => (i === 8 ? 4.6 : value)));
    await expect(load(txt(metres))).rejects.toThrow("look like metres (median length 4.6");
    await expect(load("")).rejects.toThrow(DataError);
    await expect(loadNgsim("/nowhere/i80.txt")).rejects.toThrow("/nowhere/i80.txt cannot be read");
  });

  test("a file is read in chunks that may end anywhere", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lab-ngsim-"));
    try {
      const path = join(folder, "i80.txt");
      await writeFile(path, txt(changer));
      const whole = await loadNgsim(path);
      const text = new TextEncoder().encode(txt(changer));
      let at = 0;
      const pieces = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (at >= text.length) return controller.close();
          controller.enqueue(text.slice(at, at + 37));
          at += 37;
        },
      });
      const log = await loadNgsim(pieces);
      expect([...log.x]).toEqual([...whole.x]);
      expect([...log.y]).toEqual([...whole.y]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("smoothing takes hard accelerations away, and a signal stops the reading", async () => {
    const noisy = Array.from({ length: 60 }, (_, i) => row(3, 100 + i, 80 + 0.8 * i + (i % 2) * 0.1, 5.55));
    const { report } = await loadNgsim(blob(txt(noisy)));
    expect(report.hardBefore).toBeGreaterThan(0.5);
    expect(report.hardAfter).toBeLessThan(0.1 * report.hardBefore + 0.2);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(loadNgsim(blob(txt(noisy)), { signal })).rejects.toThrow("enough");
  });
});
