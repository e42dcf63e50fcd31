import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { benchmarksPage, committedBenchmarks } from "./benchmarks.mjs";
import { changesPage } from "./changes.mjs";
import { committedRuns, compatibilityPage } from "./compatibility.mjs";
import { home } from "./home.mjs";
import { markdownPages, section } from "./pages.mjs";
import { bundlePlayground } from "./playground-bundle.mjs";
import { playgroundPage } from "./playground-page.mjs";
import { committedResults, resultsPage } from "./results.mjs";

const root = join(import.meta.dirname, "..", "..", "..");

function write(site, path, content) {
  const file = join(site, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
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
  const results = committedResults(join(root, "docs", "results"), (path, text) => write(site, path, text));
  write(site, join("results", "index.html"), resultsPage(results));
  const measured = committedBenchmarks(join(root, "docs", "results", "bench"));
  write(site, join("benchmarks", "index.html"), benchmarksPage(measured));
  const runs = committedRuns(join(root, "docs", "results", "compatibility"));
  write(site, join("compatibility", "index.html"), compatibilityPage(runs));
  write(site, join("changes", "index.html"), changesPage(join(root, "packages")));
  const guideTo = ({ experiment }) => pages.papers.find(({ html }) => html.includes(experiment))?.name;
  const cards = results
    .filter(({ mode }) => mode === "quick")
    .map((result) => ({
      ...result,
      image: result.images[0],
      guide: guideTo(result) && `papers/${guideTo(result)}.html`,
    }));
  write(site, "index.html", home(cards));
  for (const [folder, title, lead] of sections) {
    for (const [name, html] of Object.entries(section(title, lead, pages[folder], 1)))
      write(site, join(folder, name), html);
  }
  write(site, join("playground", "index.html"), playgroundPage());
  await bundlePlayground(join(site, "playground"));
  cpSync(join(import.meta.dirname, "..", "static"), site, { recursive: true });
}
