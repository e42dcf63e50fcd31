import { type PlotSpec, renderSvg } from "@lab/core/plot";

const escapeHtml = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const cellsOf = (line: string) =>
  line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => escapeHtml(cell.trim().replaceAll("\\|", "|")));

/** Headings, paragraphs and tables of the audit's Markdown as HTML. */
function toHtml(markdown: string): string {
  const out: string[] = [];
  const lines = markdown.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const heading = /^(#+) (.*)$/.exec(line);
    if (heading) out.push(`<h${heading[1]!.length}>${escapeHtml(heading[2]!)}</h${heading[1]!.length}>`);
    else if (line.startsWith("|")) {
      out.push(
        "<table>",
        `<tr>${cellsOf(line)
          .map((c) => `<th>${c}</th>`)
          .join("")}</tr>`,
      );
      for (i += 2; lines[i]?.startsWith("|"); i++)
        out.push(
          `<tr>${cellsOf(lines[i]!)
            .map((c) => `<td>${c}</td>`)
            .join("")}</tr>`,
        );
      out.push("</table>");
      i--;
    } else if (line !== "") out.push(`<p>${escapeHtml(line)}</p>`);
  }
  return out.join("\n");
}

const STYLE =
  "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}" +
  "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}" +
  "th,td{border:1px solid #ccc;padding:.2rem .6rem;text-align:left}figure{margin:2rem 0}svg{max-width:100%;height:auto}";

/** One page with the report and its figures, without scripts or foreign resources. */
export function htmlReport(title: string, markdown: string, plots: readonly PlotSpec[]): string {
  const figures = plots.map((plot) => `<figure>${renderSvg(plot)}</figure>`).join("\n");
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body>
${toHtml(markdown)}
<h2>Figures</h2>
${figures}
</body>
</html>
`;
}
