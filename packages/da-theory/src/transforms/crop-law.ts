import { gaussLegendre } from "../rules/gauss.js";

/** Laws of a crop: the share of the area is uniform, the logarithm of width over height too. */
export interface CropLaw {
  /** Share of the area. */
  scale: readonly [low: number, high: number];
  /** Logarithms of the ratio's ends; the first is at most 0, the second at least 0. */
  logRatio: readonly [low: number, high: number];
}

/** Ratios that keep both sides within the image at an area share: an interval of logarithms. */
export function fittingRatios({ logRatio: [a, b] }: CropLaw, s: number): [number, number] {
  return [Math.max(a, Math.log(s)), Math.min(b, -Math.log(s))];
}

/** `∫ min(b, -log s) ds` from 0 to s. */
function area(b: number, s: number): number {
  const split = Math.exp(-b);
  if (s <= split) return b * s;
  return s - s * Math.log(s) - split;
}

/** Share of all draws with an area share of at most `s` that fit, times the length of both ranges. */
function fitting({ scale: [low], logRatio: [a, b] }: CropLaw, s: number): number {
  return area(b, s) - area(b, low) + area(-a, s) - area(-a, low);
}

/** Probability that a draw fits into the image. */
export function fitProbability(law: CropLaw): number {
  const { scale, logRatio } = law;
  if (scale[0] === scale[1] || logRatio[0] === logRatio[1]) {
    const [low, high] = fittingRatios(law, scale[0]);
    return logRatio[0] === logRatio[1] ? 1 : (high - low) / (logRatio[1] - logRatio[0]);
  }
  return fitting(law, scale[1]) / ((scale[1] - scale[0]) * (logRatio[1] - logRatio[0]));
}

/** Area share below which a share `u` of the fitting draws lies. */
export function fittingScale(law: CropLaw, u: number): number {
  let [low, high] = law.scale;
  const target = u * fitting(law, high);
  if (law.logRatio[0] === law.logRatio[1]) return low + (high - low) * u;
  for (let step = 0; step < 60 && high - low > 1e-15; step++) {
    const middle = (low + high) / 2;
    if (fitting(law, middle) < target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Sides of a crop as shares of the image's, with weights summing to 1: Gauss nodes between the kinks of the fit. */
export function cropNodes(
  law: CropLaw,
  perScale: number,
  perRatio: number,
): { height: number; width: number; weight: number }[] {
  const [low, high] = law.scale;
  const kinks = [Math.exp(-law.logRatio[1]), Math.exp(law.logRatio[0])].filter((s) => s > low && s < high);
  const ends = [low, ...[...new Set(kinks)].sort((a, b) => a - b), high];
  const isPoint = low === high;
  const [onScale, onRatio] = [gaussLegendre(isPoint ? 1 : perScale), gaussLegendre(perRatio)];
  const nodes: { height: number; width: number; weight: number }[] = [];
  for (let cell = 0; cell + 1 < ends.length; cell++) {
    const length = isPoint ? 1 : ends[cell + 1]! - ends[cell]!;
    if (!isPoint && length < 1e-12) continue;
    for (let i = 0; i < onScale.values.length; i++) {
      const s = isPoint ? low : ends[cell]! + length * onScale.values[i]!;
      const [a, b] = fittingRatios(law, s);
      const span = law.logRatio[0] === law.logRatio[1] ? 1 : b - a;
      for (let k = 0; k < perRatio; k++) {
        const rho = a + (b - a) * onRatio.values[k]!;
        nodes.push({
          height: Math.sqrt(s * Math.exp(-rho)),
          width: Math.sqrt(s * Math.exp(rho)),
          weight: length * onScale.weights[i]! * span * onRatio.weights[k]!,
        });
      }
    }
  }
  const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
  return nodes.map((node) => ({ ...node, weight: node.weight / total }));
}

/** A crop with whole sides and its probability in one try. */
export interface CropCell {
  height: number;
  width: number;
  probability: number;
}

/**
 * Probabilities of all rounded sides that fit: the area of each cell in the plane of area share and log-ratio.
 *
 * For a given ratio the shares that round to (h, w) are an interval whose ends are constants or exponentials of ρ.
 */
export function cropCells(
  { scale: [low, high], logRatio: [a, b] }: CropLaw,
  height: number,
  width: number,
): CropCell[] {
  const pixels = height * width;
  const cells: CropCell[] = [];
  const [s0, s1] = [low, Math.max(high, low + 1e-12)];
  const [r0, r1] = [a, Math.max(b, a + 1e-12)];
  for (let h = 1; h <= height; h++) {
    for (let w = 1; w <= width; w++) {
      const upper: End[] = [
        [s1, 0],
        [(w + 0.5) ** 2 / pixels, -1],
        [(h + 0.5) ** 2 / pixels, 1],
      ];
      const lower: End[] = [
        [s0, 0],
        [(w - 0.5) ** 2 / pixels, -1],
        [(h - 0.5) ** 2 / pixels, 1],
      ];
      const probability = intervalArea(upper, lower, r0, r1) / ((s1 - s0) * (r1 - r0));
      if (probability > 1e-15) cells.push({ height: h, width: w, probability });
    }
  }
  return cells;
}

/** `scale · e^{power · ρ}`. */
type End = readonly [scale: number, power: -1 | 0 | 1];

/** `∫ max(0, min(upper) - max(lower)) dρ`, between all points where two ends meet. */
function intervalArea(upper: readonly End[], lower: readonly End[], from: number, to: number): number {
  const ends = [...upper, ...lower];
  const breaks = [from, to];
  for (const [i, [p, m]] of ends.entries()) {
    for (const [q, n] of ends.slice(i + 1)) {
      if (m === n) continue;
      const rho = Math.log(q / p) / (m - n);
      if (rho > from && rho < to) breaks.push(rho);
    }
  }
  breaks.sort((x, y) => x - y);
  const value = ([scale, power]: End, rho: number) => scale * Math.exp(power * rho);
  const integral = ([scale, power]: End, x: number, y: number) =>
    power === 0 ? scale * (y - x) : (scale * (Math.exp(power * y) - Math.exp(power * x))) / power;
  let sum = 0;
  for (let i = 0; i + 1 < breaks.length; i++) {
    const [x, y] = [breaks[i]!, breaks[i + 1]!];
    const middle = (x + y) / 2;
    const top = upper.reduce((best, end) => (value(end, middle) < value(best, middle) ? end : best));
    const bottom = lower.reduce((best, end) => (value(end, middle) > value(best, middle) ? end : best));
    if (value(top, middle) > value(bottom, middle)) sum += integral(top, x, y) - integral(bottom, x, y);
  }
  return sum;
}
