// Builds the documentation site in docs/site: home, papers, guides, playground, reference, results.
// Everything is static and every link relative: it works from a file and under any path.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildPages } from "./build-pages.mjs";

const docs = join(import.meta.dirname, "..", "..", "..", "docs");
const reference = join(docs, "api");
await buildPages(join(docs, "site"));
if (existsSync(reference)) {
  for (const name of readdirSync(reference, { recursive: true })) {
    const from = join(reference, name);
    if (statSync(from).isDirectory()) continue;
    const to = join(docs, "site", "api", name);
    mkdirSync(dirname(to), { recursive: true });
    // The symbols are in every page; from a file a browser refuses, and complains of, those of the file beside it.
    const content = name.endsWith(".html")
      ? readFileSync(from, "utf8").replace(/href="[^"]*assets\/icons\.svg#/g, 'href="#')
      : readFileSync(from);
    writeFileSync(to, content);
  }
}
