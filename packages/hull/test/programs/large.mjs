// Points of 4 GB that no memory holds: node large.mjs
// Prints verdicts and the growth of the resident set while they were found, as JSON.
import { ConvexHull, generatedSource, verifyCertificate } from "@lab/hull";

const [n, d] = [16_000_000, 32];
/** Row i: four whole numbers between −8 and 8 at a time from a multiplicative hash. */
const fill = (i, out, offset) => {
  let state = Math.imul(i + 1, 0x9e3779b1);
  for (let j = 0; j < d; j++) {
    if (j % 4 === 0) state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + j;
    out[offset + j] = ((state >>> (8 * (j % 4))) & 15) - 7.5;
  }
};
const source = generatedSource({ shape: [n, d], fill, id: "hash" });
const before = process.memoryUsage().rss;
let most = before;
const timer = setInterval(() => {
  most = Math.max(most, process.memoryUsage().rss);
}, 20);
const hull = await ConvexHull.from(source, { duplicates: false });
const data = new Float64Array(4 * d);
data.fill(7.4, 0, d); // beyond what any row reaches in all columns
data.fill(-6, d, 2 * d);
data.fill(0.01, 2 * d, 3 * d);
for (let j = 0; j < d; j++) data[3 * d + j] = 0.3 * ((j % 3) - 1);
const result = await hull.contains({ data, shape: [4, d] });
clearInterval(timer);
let refused = 0;
for (let i = 0; i < 4; i++) {
  const { ok } = await verifyCertificate(source, data.slice(i * d, (i + 1) * d), result.certificate(i));
  if (!ok) refused++;
}
const growth = most - before;
process.stdout.write(
  JSON.stringify({ bytes: n * d * 8, status: result.status, refused, growth, stats: result.stats }),
);
