// The main loop of every package: time at three sizes, the exponent of cost over size, peak memory, and where the time
// goes; needs a build. LAB_BACKEND names the backend (wasm by default).
//   node bench/run.mjs [--only "hull queries"] [--json FILE] [--compare OLD.json]
import { exponentOf, median, repeatsOr, row, runBench, sample } from "@lab/tooling/bench";
import { loops, start } from "./loops.mjs";
import { profile } from "./profile.mjs";

/** Milliseconds for which a loop is profiled at its middle size. */
const PROFILED = 2000;

const percent = (share) => `${Math.round(100 * share)} %`;

async function measure({ size, sizes, prepare }) {
  const { backend } = await start();
  const rows = [];
  const costs = [];
  let shares;
  for (const [i, count] of sizes.entries()) {
    const prepared = await prepare(count);
    const { run, per } = typeof prepared === "function" ? { run: prepared, per: 1 } : prepared;
    const times = (await sample(run, repeatsOr(9), { warm: 2 })).map((time) => time / per);
    costs.push(median(times));
    // Sizes grow, so that the peak so far is that of this size.
    const peak = Math.round(process.resourceUsage().maxRSS / 1024);
    rows.push(row({ name: `${count} ${size}`, ours: times, note: `peak memory ${peak} MB` }));
    if (i === 1) shares = await profile(run, PROFILED);
  }
  const note = Object.entries(shares).map(([kind, share]) => `${kind} ${percent(share)}`);
  const exponent = exponentOf(sizes, costs);
  rows.push({
    ...row({ name: "exponent of cost over size", ours: exponent, unit: "", note: note.join(", ") }),
    shares,
  });
  return { rows, versions: { backend } };
}

await runBench(
  import.meta.url,
  Object.fromEntries(Object.entries(loops).map(([name, loop]) => [name, () => measure(loop)])),
);
