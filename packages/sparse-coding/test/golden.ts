import { mulberry32 } from "@lab/core/testing";

/** The specification's reference draws: cosine branch only, in order. */
export function draws(seed: number) {
  const next = mulberry32(seed);
  return (count: number) =>
    Float64Array.from({ length: count }, () => {
      const first = next();
      return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * next());
    });
}

/** Golden instance 5: 16 x 24 unit atoms and ten rows. */
export function lassoInstance() {
  const draw = draws(7);
  const dictionary = draw(16 * 24);
  const y = draw(10 * 16);
  for (let j = 0; j < 24; j++) {
    let norm = 0;
    for (let k = 0; k < 16; k++) norm += dictionary[k * 24 + j]! ** 2;
    for (let k = 0; k < 16; k++) dictionary[k * 24 + j]! /= Math.sqrt(norm);
  }
  return { y, dictionary, rows: 10, dataDim: 16, codeDim: 24 };
}

/** Golden instance 4: a small batch with variance term and prediction. */
export function varianceInstance() {
  const draw = draws(42);
  const dictionary = draw(30);
  const y = draw(48);
  const init = draw(40).map((v) => 0.1 * Math.abs(v));
  const predicted = draw(40).map((v) => 0.2 * Math.abs(v));
  return { problem: { y, dictionary, rows: 8, dataDim: 6, codeDim: 5, predicted }, init };
}
