import { seriesColors } from "@lab/core/plot";

/** Series of inlined figures, made lighter where the page is dark. */
const darkSeries = seriesColors.light
  .map(
    (light, i) =>
      `[fill="${light}"] { fill: ${seriesColors.dark[i]}; } [stroke="${light}"] { stroke: ${seriesColors.dark[i]}; }`,
  )
  .join("\n");

/** Style of the report: one column, light or dark as the reader's system asks, usable on a phone. */
export const style = `
:root { --ink: #1c1d21; --faint: #5b5e68; --paper: #ffffff; --raised: #f5f6f8; --edge: #d9dce3; --link: #00558f;
  --good: #0b6b49; --part: #7a5200; --bad: #a12d10; --none: #51545c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9ed; --faint: #a3a7b3; --paper: #17181c; --raised: #202228;
  --edge: #363a44; --link: #7cc4f5; --good: #4ecb9d; --part: #e8b64c; --bad: #ff9d7e; --none: #b6bac4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0; }
a { color: var(--link); }
section { border-top: 1px solid var(--edge); margin-top: 2.5rem; padding-top: 1.5rem; }
.source { color: var(--faint); margin: 0.2rem 0 0.8rem; font-size: 0.9rem; }
.claim { font-size: 1.05rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
.scroll:focus-visible, a:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; font-size: 0.9rem; min-width: 50%; overflow-wrap: normal; }
th, td { text-align: left; padding: 0.35rem 0.8rem 0.35rem 0; border-bottom: 1px solid var(--edge); vertical-align: top; }
th { color: var(--faint); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.overview { min-width: 34rem; width: 100%; }
.verdict { font-weight: 600; white-space: nowrap; color: var(--none); }
.verdict.reproduced { color: var(--good); }
.verdict.partly { color: var(--part); }
.verdict.failed, .verdict.did-not-run { color: var(--bad); }
.values, details dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 0.8rem 0; }
dt { color: var(--faint); }
dd { margin: 0; min-width: 0; }
.figures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
figure { margin: 0; max-width: 46rem; border: 1px solid var(--edge); border-radius: 6px; overflow: hidden; }
figure > svg { display: block; width: 100%; height: auto; }
.lab-figure { color: var(--ink); }
.lab-background { fill: var(--paper); }
.notes { color: var(--faint); font-size: 0.92rem; padding-left: 1.2rem; }
details { background: var(--raised); border-radius: 6px; padding: 0.5rem 0.9rem; margin-top: 1rem; font-size: 0.9rem; }
summary { cursor: pointer; }
@media (prefers-color-scheme: dark) { ${darkSeries} }
`;
