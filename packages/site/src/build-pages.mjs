import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderSvg } from "@lab/core/plot";
import { home } from "./home.mjs";
import { markdownPages, section } from "./pages.mjs";
import { bundlePlayground } from "./playground-bundle.mjs";
import { playgroundPage } from "./playground-page.mjs";

const root = join(import.meta.dirname, "..", "..", "..");

function write(site, path, content) {
  const file = join(site, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** The committed results, judged afresh, with their figures drawn into the site. */
function results(site, papers) {
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
      if (result.figures.length > 0) write(site, image, renderSvg(result.figures[0]));
      const paper = papers.find(({ html }) => html.includes(result.experiment));
      return {
        ...result,
        image: result.figures.length > 0 ? image : undefined,
        guide: paper && `papers/${paper.name}.html`,
      };
    });
}

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

/** Writes every page but the reference. */
export async function buildPages(site) {
  rmSync(site, { recursive: true, force: true });
  mkdirSync(join(site, "playground"), { recursive: true });
  const pages = {
    papers: markdownPages(join(root, "docs", "papers")),
    guides: markdownPages(join(root, "docs", "guides")),
  };
  write(site, "index.html", home(results(site, pages.papers)));
  for (const [folder, title, lead] of sections) {
    for (const [name, html] of Object.entries(section(title, lead, pages[folder], 1)))
      write(site, join(folder, name), html);
  }
  write(site, join("playground", "index.html"), playgroundPage());
  await bundlePlayground(join(site, "playground"));
  cpSync(join(import.meta.dirname, "..", "static"), site, { recursive: true });
}
