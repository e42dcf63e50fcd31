// A section's rows against the Python process of its own: the same data, in turns, processor time on one thread on both sides.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "@lab/core";
import { processorClock, repeatsOr, row } from "@lab/tooling/bench";
import { startRivals } from "./rivals.mjs";

/** Rounds that do not count, and how long they last at least, in ms: loops of the host are compiled in steps. */
const WARM = 4;
const WARM_TIME = 600;
/** Short tasks are repeated more often, up to this total in ms and this number. */
const [MEASURED_TIME, MOST_ROUNDS] = [400, 25];

/**
 * Runs `work({ share, compare })`: `share` gives a matrix to the rivals under a name, `compare` takes turns and adds a row.
 *
 * @returns What a section answers.
 */
export async function besideRivals(work) {
  const leastRounds = repeatsOr(9);
  await init({ backend: "wasm" });
  const rivals = await startRivals();
  const folder = mkdtempSync(join(tmpdir(), "lab-sparse-bench-"));
  const rows = [];

  async function share(name, matrix) {
    const path = join(folder, `${name}.bin`);
    writeFileSync(path, await matrix.data());
    if (rivals) await rivals.ask({ kind: "load", files: { [name]: [path, ...matrix.shape] } });
  }

  /** `scale` turns milliseconds into the unit; `objective` is asked of what was found, outside of the time. */
  async function compare({ name, unit, scale, bar, ours, rival, rivalName, objective }) {
    const began = processorClock();
    let warm = 0;
    for (; warm < WARM || processorClock() - began < WARM_TIME; warm++) (await ours())?.dispose?.();
    const often = Math.ceil((MEASURED_TIME * warm) / (processorClock() - began));
    const rounds = Math.max(leastRounds, Math.min(often, MOST_ROUNDS));
    const [mine, theirs] = [[], []];
    let [own, other] = [undefined, undefined];
    for (let round = 0; round < rounds; round++) {
      own?.dispose?.();
      const start = processorClock();
      own = await ours();
      mine.push((processorClock() - start) * scale);
      if (rivals && rival) {
        const answer = await rivals.ask(rival);
        if (answer.missing) break;
        theirs.push(1000 * answer.seconds * scale);
        other = answer;
      }
    }
    const notes = [];
    if (theirs.length > 0)
      notes.push(`best against best ${(Math.min(...mine) / Math.min(...theirs)).toPrecision(3)}`);
    if (objective) notes.push(`objective ${(await objective(own)).toPrecision(8)}`);
    if (other?.objective) notes.push(`the rival's ${other.objective.toPrecision(8)}`);
    if (other?.iterations) notes.push(`${own.iterations} iterations, the rival's ${other.iterations}`);
    own?.dispose?.();
    rows.push(
      row({
        name,
        ours: mine,
        ...(theirs.length > 0 && { rival: theirs }),
        rivalName,
        unit,
        bar,
        ...(notes.length > 0 && { note: notes.join(", ") }),
      }),
    );
  }

  try {
    await work({ share, compare });
  } finally {
    rivals?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    rows,
    skipped: rivals ? [] : [{ name: "scikit-learn and PyTorch", reason: "LAB_PYTHON names no Python" }],
    versions: rivals?.versions ?? {},
  };
}
