// Builds the documentation site in docs/site: home, papers, guides, playground, reference, results.
// Everything is static and every link relative: it works from a file and under any path.
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { buildPages } from "./build-pages.mjs";

const docs = join(import.meta.dirname, "..", "..", "..", "docs");
await buildPages(join(docs, "site"));
if (existsSync(join(docs, "api"))) cpSync(join(docs, "api"), join(docs, "site", "api"), { recursive: true });
