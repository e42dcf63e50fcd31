import { layout } from "./layout.mjs";

const HULL = `<section aria-labelledby="hull">
<h2 id="hull">Convex hull membership, with its certificate</h2>
<p>Move the square: drag it, or focus the picture and use the arrow keys. Inside, the lines show the weights that write it as a mix of points; outside, the line separates it from all of them.</p>
<div class="panel">
<svg id="hull-picture" viewBox="0 0 320 320" tabindex="0" role="application" aria-label="Points and a query; arrow keys move the query" aria-describedby="hull-result"></svg>
<div>
<p><output id="hull-result"></output></p>
<div class="controls">
<button id="hull-renew">New points</button>
<label><span><input type="checkbox" id="hull-add"> a click adds a point</span></label>
</div>
<label>Dimension <input type="range" id="hull-dimension" min="1" max="20" value="4"></label>
<p><output id="hull-rate"></output></p>
</div>
</div>
</section>`;

const views = [
  ["image", "picture"],
  ["mean", "mean"],
  ["deviation", "standard deviation"],
  ["first", "1st direction"],
  ["second", "2nd direction"],
  ["third", "3rd direction"],
].map(
  ([id, name]) =>
    `<figure><canvas id="moments-${id}" width="28" height="28" role="img" aria-label="${name}"></canvas><figcaption>${name}</figcaption></figure>`,
);

const MOMENTS = `<section aria-labelledby="moments">
<h2 id="moments">What an augmentation does to a picture, exactly</h2>
<p>Mean, standard deviation and the directions in which random shifts and rotations move a picture: integrals, not samples. Directions are orange where pixels gain and blue where they lose.</p>
<div class="controls">
<label>Figure <input type="number" id="moments-figure" min="0" max="9" value="3"></label>
<label>Shift, pixels <input type="range" id="moments-shift" min="0" max="6" step="0.5" value="2"></label>
<label>Rotation, degrees <input type="range" id="moments-angle" min="0" max="45" step="5" value="0"></label>
</div>
<div class="views">${views.join("")}</div>
<p><output id="moments-result"></output></p>
</section>`;

const CONTRASTIVE = `<section aria-labelledby="contrastive">
<h2 id="contrastive">Collapse, watched in the spectrum</h2>
<p>A small encoder is trained in this page on two noisy views of eight clusters. Bars: base-10 logarithm of the eigenvalues of the embedding's covariance. Without negatives they sink.</p>
<div class="panel">
<svg id="contrastive-spectrum" viewBox="0 0 320 180" role="img" aria-label="Logarithms of the eigenvalues, largest first"></svg>
<div>
<div class="controls">
<label>Loss <select id="contrastive-loss"><option value="dcl">decoupled contrastive</option><option value="ntxent">NT-Xent</option><option value="alignment">alignment only</option></select></label>
<button id="contrastive-start">Train</button>
</div>
<p><output id="contrastive-result">Not trained yet.</output></p>
</div>
</div>
</section>`;

const DRIVING = `<section aria-labelledby="driving">
<h2 id="driving">An episode of planning in traffic</h2>
<p>Drivers of the simulated ring react to a car that plans by gradients through its own exact motion and a world in which everybody rolls on.</p>
<canvas id="driving-picture" width="640" height="128" role="img" aria-label="Cars from above" aria-describedby="driving-result"></canvas>
<div class="controls">
<button id="driving-play">Play</button>
<label>Moment <input type="range" id="driving-time" min="0" max="0" value="0"></label>
<label>Seed <input type="number" id="driving-seed" min="0" max="99" value="1"></label>
<button id="driving-drive">Drive</button>
</div>
<p><output id="driving-result"></output></p>
</section>`;

/** Papers to play with, in the visitor's browser. */
export function playgroundPage() {
  const body = `<h1>Playground</h1>
<p class="lead">Everything below is computed by the published packages in this page; nothing is sent anywhere.</p>
<p><output id="backend">Starting …</output></p>
<noscript><p>The playground needs JavaScript.</p></noscript>
${HULL}${MOMENTS}${CONTRASTIVE}${DRIVING}`;
  return layout({
    title: "Playground",
    body,
    depth: 1,
    description: "Hull membership, contrastive training and driving, computed in the browser.",
    scripts: '<script src="program.js"></script>',
  });
}
