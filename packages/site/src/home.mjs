import { escapeHtml, layout } from "./layout.mjs";
import { picture } from "./results.mjs";

const EXAMPLE = `import * as tf from "@tensorflow/tfjs-core";
import { init } from "@lab/core";
import { interpolationRate } from "@lab/hull";

await init();
const train = tf.tensor2d([[0, 0], [1, 0], [0, 1]]);
const test = tf.tensor2d([[0.2, 0.2], [1, 1]]);
const { inside, outside } = await interpolationRate(train, test); // 1 inside, 1 outside`;

function card({ paper, claim, verdict, measured, image, guide }) {
  const figure = image ? picture(image, "", true) : "";
  const title = guide ? `<a href="${guide}">${escapeHtml(paper.title)}</a>` : escapeHtml(paper.title);
  return (
    `<li><h3>${title}</h3>${figure}<p>${escapeHtml(claim)}</p>` +
    `<p><span class="verdict ${verdict.replaceAll(" ", "-")}">${verdict}</span> <span class="faint">${escapeHtml(measured)}</span></p></li>`
  );
}

/** The first page: what, for whom, one line to install, a figure for each paper. */
export function home(results) {
  const body = `<h1>Ten deep-learning papers as TypeScript functions</h1>
<p class="lead">Small packages for people who write JavaScript and TypeScript: install one, mix it with your own TensorFlow.js code, and trust it, because each is checked against closed forms, independent implementations and scaled-down reproductions of its paper's claims.</p>
<pre tabindex="0"><code>npm install @lab/hull @lab/core @tensorflow/tfjs-core</code></pre>
<pre tabindex="0"><code>${escapeHtml(EXAMPLE)}</code></pre>
<p>Examples are complete TypeScript: save one as <code>example.mts</code> and run it with Node from 22.18 on, or with <code>npx tsx example.mts</code>.</p>
<p>Or clone the repository and type <code>npm start</code>: it reproduces the claims below on your machine and writes a report like <a href="results/index.html">these results</a>.</p>
<h2>The claims, and what became of them here</h2>
<ul class="cards">${results.map(card).join("")}</ul>`;
  return layout({
    title: "Ten papers in TypeScript",
    body,
    depth: 0,
    description: "Ten deep-learning papers as tested TypeScript packages on TensorFlow.js.",
  });
}
