import { type Tensor, tensor, util } from "@tensorflow/tfjs-core";
import { checkInteger, checkNumber } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { fillBoxMuller, fillTruncatedNormal } from "./distributions.js";
import { philoxBlocks } from "./philox.js";
import { type Key, keyOfSeed, keyOfSplit } from "./seed.js";

/** A generator at rest: JSON of some 40 bytes. */
export interface GeneratorState {
  /** The 64-bit key, 16 hexadecimal digits. */
  key: string;
  /** Blocks drawn so far. */
  at: number;
}

const TWO_POW_MINUS_24 = 2 ** -24;
const TWO_POW_MINUS_53 = 2 ** -53;

/**
 * Random numbers from a counter: the same seed gives the same bits on every backend and platform.
 *
 * Numbers are made on the host and uploaded. `split` gives independent generators by name without advancing this
 * one, so that adding a consumer never changes what another one draws. `state` and `fromState` save and restore.
 *
 * @see Salmon, Moraes, Dror, Shaw (2011), Parallel random numbers: as easy as 1, 2, 3 (Philox 4×32-10).
 * @example
 * ```ts
 * import { Generator } from "@lab/core/random";
 *
 * const generator = new Generator(7);
 * const first = generator.float64(2);
 * const again = new Generator(7).float64(2);
 * first[0] === again[0]; // => true
 * const weights = generator.split("weights"); // does not depend on what was drawn before
 * weights.permutation(4).length; // => 4
 * ```
 */
export class Generator {
  private key: Key;
  private at = 0;

  /**
   * @param seed - A text, or an integer from 0 to 2^64 − 1.
   * @throws {@link ArgumentError} for anything else.
   */
  constructor(seed: number | bigint | string) {
    this.key = keyOfSeed(seed);
  }

  /**
   * An independent generator named `label`; the same label gives the same generator whatever was drawn here.
   *
   * @param label - Name of the consumer, or an index.
   */
  split(label: string | number): Generator {
    const child = new Generator(0);
    child.key = keyOfSplit(this.key, label);
    return child;
  }

  /** `n` random 32-bit words, on the host. */
  words(n: number): Uint32Array {
    const numBlocks = Math.ceil(n / 4);
    const out = new Uint32Array(4 * numBlocks);
    philoxBlocks(out, 0, numBlocks, this.key[0], this.key[1], [
      this.at >>> 0,
      Math.floor(this.at / 2 ** 32),
      0,
      0,
    ]);
    this.at += numBlocks;
    return out.length === n ? out : out.subarray(0, n);
  }

  /** `n` numbers in [0, 1) with 53 random bits each, on the host. */
  float64(n: number): Float64Array {
    const words = this.words(2 * n);
    const out = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      out[i] = ((words[2 * i]! >>> 5) * 2 ** 26 + (words[2 * i + 1]! >>> 6)) * TWO_POW_MINUS_53;
    }
    return out;
  }

  /** `n` standard normal numbers in double precision, on the host. */
  normal64(n: number): Float64Array {
    const out = new Float64Array(n);
    fillBoxMuller(out, this.float64(n + (n % 2)));
    return out;
  }

  /**
   * Uniform numbers in [low, high).
   *
   * @param shape - Shape of the result.
   * @param low - Lower bound, 0 by default.
   * @param high - Upper bound, 1 by default.
   * @returns Float32 tensor that belongs to the caller.
   */
  uniform(shape: readonly number[], low = 0, high = 1): Tensor {
    checkNumber("Generator.uniform", "low", low);
    checkNumber("Generator.uniform", "high", high, { min: low });
    const values = this.floats("Generator.uniform", shape);
    if (low !== 0 || high !== 1) {
      for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * values[i]!;
    }
    return tensor(values, [...shape], "float32");
  }

  /**
   * Normal numbers.
   *
   * @param shape - Shape of the result.
   * @param mean - Mean, 0 by default.
   * @param std - Standard deviation, 1 by default.
   * @returns Float32 tensor that belongs to the caller.
   */
  normal(shape: readonly number[], mean = 0, std = 1): Tensor {
    checkNumber("Generator.normal", "mean", mean);
    checkNumber("Generator.normal", "std", std, { min: 0 });
    const size = sizeOf("Generator.normal", shape);
    const values = new Float32Array(size);
    fillBoxMuller(values, this.float64(size + (size % 2)));
    return tensor(scaled(values, mean, std), [...shape], "float32");
  }

  /**
   * Normal numbers conditioned on lying within two standard deviations of the mean.
   *
   * @param shape - Shape of the result.
   * @param mean - Mean, 0 by default.
   * @param std - Standard deviation before truncation, 1 by default.
   * @returns Float32 tensor that belongs to the caller.
   */
  truncatedNormal(shape: readonly number[], mean = 0, std = 1): Tensor {
    checkNumber("Generator.truncatedNormal", "mean", mean);
    checkNumber("Generator.truncatedNormal", "std", std, { min: 0 });
    const values = new Float32Array(sizeOf("Generator.truncatedNormal", shape));
    fillTruncatedNormal(values, this.float64(values.length));
    return tensor(scaled(values, mean, std), [...shape], "float32");
  }

  /** Standard Gumbel numbers, −log(−log u); a float32 tensor that belongs to the caller. */
  gumbel(shape: readonly number[]): Tensor {
    const uniforms = this.float64(sizeOf("Generator.gumbel", shape));
    const values = new Float32Array(uniforms.length);
    // u is a multiple of 2^-53 below 1; half a step keeps it off 0.
    for (let i = 0; i < values.length; i++)
      values[i] = -Math.log(-Math.log(uniforms[i]! + TWO_POW_MINUS_53 / 2));
    return tensor(values, [...shape], "float32");
  }

  /**
   * Ones with probability `p`, else zeros.
   *
   * @param shape - Shape of the result.
   * @param p - Probability of a one, from 0 to 1.
   * @returns Float32 tensor of 0 and 1 that belongs to the caller.
   */
  bernoulli(shape: readonly number[], p: number): Tensor {
    checkNumber("Generator.bernoulli", "p", p, { min: 0, max: 1 });
    const values = this.floats("Generator.bernoulli", shape);
    for (let i = 0; i < values.length; i++) values[i] = values[i]! < p ? 1 : 0;
    return tensor(values, [...shape], "float32");
  }

  /**
   * Whole numbers in [low, high), without bias.
   *
   * @param shape - Shape of the result.
   * @param low - Smallest value.
   * @param high - One above the largest value; `high - low` is at most 2^31.
   * @returns Int32 tensor that belongs to the caller.
   */
  randint(shape: readonly number[], low: number, high: number): Tensor {
    checkInteger("Generator.randint", "low", low, { min: -(2 ** 31), max: 2 ** 31 - 1 });
    checkInteger("Generator.randint", "high", high, { above: low, max: Math.min(2 ** 31, low + 2 ** 31) });
    const values = new Int32Array(sizeOf("Generator.randint", shape));
    const draw = this.bounded(values.length);
    for (let i = 0; i < values.length; i++) values[i] = low + draw(high - low);
    return tensor(values, [...shape], "int32");
  }

  /** The numbers 0 … n − 1 in random order, on the host. */
  permutation(n: number): Int32Array {
    checkInteger("Generator.permutation", "n", n, { min: 0, max: 2 ** 31 - 1 });
    const order = Int32Array.from({ length: n }, (_, i) => i);
    const draw = this.bounded(n);
    for (let i = n - 1; i > 0; i--) {
      const j = draw(i + 1);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
    }
    return order;
  }

  /** Key and position; a plain object for JSON. */
  state(): GeneratorState {
    const hex = (word: number) => word.toString(16).padStart(8, "0");
    return { key: hex(this.key[1]) + hex(this.key[0]), at: this.at };
  }

  /**
   * The generator that `state()` described.
   *
   * @throws {@link ArgumentError} when the object is not such a state.
   */
  static fromState(state: GeneratorState): Generator {
    const isState =
      typeof state?.key === "string" && /^[0-9a-f]{16}$/.test(state.key) && Number.isSafeInteger(state.at);
    if (!isState || state.at < 0) {
      throw new ArgumentError(
        `Generator.fromState: state is ${JSON.stringify(state)}; an object { key, at } made by state() was expected`,
        { argument: "state", value: state },
      );
    }
    const generator = new Generator(BigInt(`0x${state.key}`));
    generator.at = state.at;
    return generator;
  }

  /** Puts this generator where `state()` described, as {@link Generator.fromState} makes a new one. */
  restore(state: GeneratorState): void {
    const { key, at } = Generator.fromState(state);
    this.key = key;
    this.at = at;
  }

  private floats(caller: string, shape: readonly number[]): Float32Array {
    const words = this.words(sizeOf(caller, shape));
    const values = new Float32Array(words.length);
    for (let i = 0; i < values.length; i++) values[i] = (words[i]! >>> 8) * TWO_POW_MINUS_24;
    return values;
  }

  /** Draws unbiased whole numbers below a bound of at most 2^31 each time; rejected words are replaced. */
  private bounded(expected: number): (bound: number) => number {
    let words = this.words(expected);
    let next = 0;
    return (bound) => {
      // Words at or above the largest multiple of the bound would favour small values.
      const limit = 2 ** 32 - (2 ** 32 % bound);
      for (;;) {
        if (next === words.length) {
          words = this.words(64);
          next = 0;
        }
        const word = words[next++]!;
        if (word < limit) return word % bound;
      }
    };
  }
}

function sizeOf(caller: string, shape: readonly number[]): number {
  for (const [axis, size] of shape.entries()) checkInteger(caller, `shape[${axis}]`, size, { min: 0 });
  return util.sizeFromShape([...shape]);
}

function scaled(values: Float32Array, mean: number, std: number): Float32Array {
  if (mean === 0 && std === 1) return values;
  for (let i = 0; i < values.length; i++) values[i] = mean + std * values[i]!;
  return values;
}
