// Speed of this package against named rivals in one run, ours and theirs in turns; needs a build.
//   node bench/run.mjs [--only simulator,threads] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
// LAB_PYTHON names a Python with highway-env and torch; rows without it are named as left out. On a machine with other work
// LAB_BENCH_CLOCK=processor counts the time on processors, ours and theirs.
import { runBench } from "@lab/tooling/bench";
import { threads } from "./evaluating.mjs";
import { images, plan, reader } from "./parts.mjs";
import { policyUpdate, simulator, worldUpdate } from "./training.mjs";

await runBench(import.meta.url, { simulator, policyUpdate, plan, images, worldUpdate, reader, threads });
