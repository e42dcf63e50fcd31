import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { layout } from "./layout.mjs";
import { renderMarkdown } from "./markdown.mjs";

/** The changelogs of all packages on one page, as the release tool writes them. */
export function changesPage(packages) {
  const logs = readdirSync(packages)
    .map((name) => join(packages, name, "CHANGELOG.md"))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8").replace(/^(#+) /gm, "#$1 "))
    .map((text) => renderMarkdown(text, text.split("\n")[0]).html);
  const body = `<h1>Changes</h1>
<p class="lead">Every package has versions of its own. Major: a changed default or number, a removed or renamed export, a raised floor; minor: something new; patch: a fix.</p>
${logs.join("\n")}`;
  return layout({
    title: "Changes",
    body,
    depth: 1,
    description: "What changed in which version of each package.",
  });
}
