import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { escapeHtml, layout } from "./layout.mjs";
import { renderMarkdown } from "./markdown.mjs";

/** Markdown pages of a folder in the order of their file names. */
export function markdownPages(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => ({
      name: name.replace(/\.md$/, ""),
      ...renderMarkdown(readFileSync(join(folder, name), "utf8")),
    }));
}

/** A page for each Markdown file and an index of them. */
export function section(title, lead, pages, depth) {
  const items = pages
    .map(
      ({ name, title: heading, summary }) =>
        `<li><h3><a href="${name}.html">${escapeHtml(heading)}</a></h3><p>${escapeHtml(summary)}</p></li>`,
    )
    .join("");
  const index = `<h1>${escapeHtml(title)}</h1><p class="lead">${escapeHtml(lead)}</p><ul class="cards">${items}</ul>`;
  return {
    "index.html": layout({ title, body: index, depth, description: lead }),
    ...Object.fromEntries(
      pages.map(({ name, title: heading, summary, html }) => [
        `${name}.html`,
        layout({ title: heading, body: html, depth, description: summary }),
      ]),
    ),
  };
}
