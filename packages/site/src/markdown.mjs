import { tex } from "@mdit/plugin-tex";
import katex from "katex";
import MarkdownIt from "markdown-it";
import { escapeHtml } from "./layout.mjs";

/** A heading's anchor. */
export const slug = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");

const md = MarkdownIt({ html: false, linkify: false, typographer: false }).use(tex, {
  render: (formula, displayMode) => {
    const math = katex.renderToString(formula, { displayMode, output: "mathml", throwOnError: true });
    return displayMode
      ? `<div class="scroll" tabindex="0" role="region" aria-label="Formula">${math}</div>`
      : math;
  },
});

// Headings get anchors, tables and code scroll inside themselves, links to Markdown files lead to their pages.
md.renderer.rules.heading_open = (tokens, index, _options, { prefix }) =>
  `<${tokens[index].tag} id="${slug(prefix + tokens[index + 1].content)}">`;
md.renderer.rules.table_open = () =>
  '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>';
md.renderer.rules.table_close = () => "</table></div>";
md.renderer.rules.fence = (tokens, index) =>
  `<pre tabindex="0"><code>${escapeHtml(tokens[index].content)}</code></pre>`;
md.core.ruler.push("page-links", (state) => {
  for (const block of state.tokens) {
    for (const token of block.children ?? []) {
      const href = token.type === "link_open" ? token.attrGet("href") : null;
      if (href && !/^[a-z]+:/.test(href)) token.attrSet("href", href.replace(/\.md(#|$)/, ".html$1"));
    }
  }
});

/** Renders a Markdown text; the first heading is its title, the paragraph after it the summary. Anchors begin with `prefix`. */
export function renderMarkdown(text, prefix = "") {
  const title = /^# (.+)$/m.exec(text)?.[1] ?? "lab";
  const summary = text
    .replace(/^# .+\n+/, "")
    .split("\n\n")[0]
    .replace(/[`*\n]/g, " ")
    .trim();
  return { title, summary, html: md.render(text, { prefix }) };
}
