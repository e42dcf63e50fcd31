// Bars of the package, each beside a rival in the same run; needs a build.
//   node bench/run.mjs [--only translations,audits] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
// LAB_PYTHON names a Python with numpy and torch; without it their rows are named as left out.
import { runBench } from "@lab/tooling/bench";
import { audits } from "./audit.mjs";
import { penalty, regression } from "./learning.mjs";
import { factors, growth, means, translations } from "./moments.mjs";

await runBench(import.meta.url, { translations, factors, growth, means, penalty, regression, audits });
