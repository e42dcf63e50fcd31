// Builds the documentation site in docs/site: home, papers, guides, reference, results.
// Everything is static and every link relative: it works from a file and under any path.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderSvg } from "@lab/core/plot";
import { home } from "./home.mjs";
import { markdownPages, section } from "./pages.mjs";

const root = join(import.meta.dirname, "..", "..", "..");
const site = join(root, "docs", "site");

function write(path, content) {
  const file = join(site, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** The committed results, judged afresh, with their figures drawn into the site. */
function results(papers) {
  if (!existsSync(join(root, "docs", "results"))) return [];
  const report = [
    "report",
    "--out",
    join(root, "docs", "results"),
    "--file",
    join(site, "report.html"),
    "--json",
  ];
  const output = execFileSync(
    process.execPath,
    [join(root, "packages", "cli", "dist", "bin.js"), ...report],
    {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    },
  );
  return JSON.parse(output)
    .results.filter(({ isMain }) => isMain)
    .map((result) => {
      const image = `figures/${result.experiment.replaceAll("/", "-")}.svg`;
      if (result.figures.length > 0) write(image, renderSvg(result.figures[0]));
      const paper = papers.find(({ html }) => html.includes(result.experiment));
      return {
        ...result,
        image: result.figures.length > 0 ? image : undefined,
        guide: paper && `papers/${paper.name}.html`,
      };
    });
}

rmSync(site, { recursive: true, force: true });
mkdirSync(site, { recursive: true });
const papers = markdownPages(join(root, "docs", "papers"));
const guides = markdownPages(join(root, "docs", "guides"));
write("index.html", home(results(papers)));
const sections = [
  [
    "papers",
    "Papers",
    "A page for each paper: the question, the mathematics, an example, what reproduced and what did not.",
  ],
  [
    "guides",
    "Guides",
    "How to choose a backend, come from PyTorch, compose the packages, and use your own data.",
  ],
];
for (const [folder, title, lead] of sections) {
  const pages = folder === "papers" ? papers : guides;
  for (const [name, html] of Object.entries(section(title, lead, pages, 1))) write(join(folder, name), html);
}
cpSync(join(import.meta.dirname, "..", "static"), site, { recursive: true });
if (existsSync(join(root, "docs", "api")))
  cpSync(join(root, "docs", "api"), join(site, "api"), { recursive: true });
