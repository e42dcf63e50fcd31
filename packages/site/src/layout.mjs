/** Text made safe for HTML. */
export const escapeHtml = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** Top navigation: text and path from the root of the site. */
const NAVIGATION = [
  ["Papers", "papers/index.html"],
  ["Guides", "guides/index.html"],
  ["Playground", "playground/index.html"],
  ["Reference", "api/index.html"],
  ["Results", "results/index.html"],
  ["Benchmarks", "benchmarks/index.html"],
  ["Compatibility", "compatibility/index.html"],
  ["Changes", "changes/index.html"],
];

/**
 * A page of the site. All links are relative, so that the site works from a file and under any path.
 *
 * @param {{ title: string, body: string, depth: number, description?: string, scripts?: string }} page
 */
export function layout({ title, body, depth, description = "", scripts = "" }) {
  const root = "../".repeat(depth);
  const links = NAVIGATION.map(([text, path]) => `<a href="${root}${path}">${text}</a>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escapeHtml(description)}">
<title>${escapeHtml(title)} · lab</title>
<link rel="icon" href="${root}favicon.svg">
<link rel="stylesheet" href="${root}style.css">
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header><nav aria-label="Site"><a class="brand" href="${root || "./"}index.html">lab</a>${links}</nav></header>
<main id="content">
${body}
</main>
<footer><p>Apache-2.0. Every number on these pages comes from a stored result or a test of the repository.</p></footer>
${scripts}</body>
</html>
`;
}
