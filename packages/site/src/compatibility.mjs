import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { escapeHtml, layout } from "./layout.mjs";

/** The committed test runs in other environments, as `npm run test:node -- --json` writes them. */
export function committedRuns(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
}

const byVersion = new Intl.Collator("en", { numeric: true }).compare;

function cell(run) {
  if (!run) return '<td class="faint">not run</td>';
  const verdict = run.failed === 0 ? "reproduced" : "failed";
  const skipped = run.skipped > 0 ? `<br><span class="faint">${run.skipped} skipped</span>` : "";
  return `<td><span class="verdict ${verdict}">${run.failed === 0 ? `${run.passed} passed` : `${run.failed} failed of ${run.passed + run.failed}`}</span>${skipped}</td>`;
}

/** A table: packages down, environments across, the tests that passed in each. */
export function compatibilityPage(runs) {
  const environments = [...new Set(runs.map(({ environment }) => environment))].sort(byVersion);
  const names = [...new Set(runs.map((run) => run.package))].sort();
  const head = environments.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("");
  const rows = names
    .map((name) => {
      const cells = environments
        .map((environment) =>
          cell(runs.find((run) => run.package === name && run.environment === environment)),
        )
        .join("");
      return `<tr><th scope="row">${escapeHtml(name)}</th>${cells}</tr>`;
    })
    .join("\n");
  const commands = environments.map((environment) => {
    const of = runs.filter((run) => run.environment === environment);
    const systems = [...new Set(of.map(({ system }) => system))].join(", ");
    const command = of.length === 1 ? of[0].command : of[0].command.replace(/ -- --only \S+$/, "");
    return `<li>${escapeHtml(environment)} on ${escapeHtml(systems)}: <code>${escapeHtml(command)}</code></li>`;
  });
  const table =
    runs.length === 0
      ? "<p>No runs are committed yet.</p>"
      : `<div class="scroll" tabindex="0" role="region" aria-label="Tests by package and environment"><table>
<thead><tr><th scope="col">package</th>${head}</tr></thead><tbody>${rows}</tbody></table></div>
<ul>${commands.join("")}</ul>`;
  const body = `<h1>Compatibility</h1>
<p class="lead">The tests of each package where it is to run. A test that needs what the machine lacked (a server, a browser, a driver) is skipped, and counted as that.</p>
${table}
<h2>What a package asks for</h2>
<p>Node 20.19 or newer, or a browser with WebAssembly; <code>@tensorflow/tfjs-core</code> 4.22 as a peer. Each package comes as an ES module and as CommonJS with declarations for both; the release is rehearsed by installing each alone and running its example both ways. Where a package differs from its paper or from the reference implementation is a table in its README, and in the <a href="../api/index.html">reference</a>.</p>`;
  return layout({
    title: "Compatibility",
    body,
    depth: 1,
    description: "Which Node versions, browsers and backends run the tests of each package.",
  });
}
