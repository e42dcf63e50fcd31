import type { Generator } from "@lab/core/random";
import type { Seed, Share } from "../ring-index/index.js";

/** A tensor that is generated. */
export interface Target {
  /** Its name, unique within the generator. */
  name: string;
  /** Its shape. */
  shape: readonly number[];
  /** Standard deviation that its elements start with. */
  std: number;
}

/** Options of a generator. */
export interface GeneratorOptions {
  /** Numbers in the ring, an integer of at least 1, or as many as the largest target has elements. */
  parameters: number | "largestLayer";
  /** Key of permutation and signs. @defaultValue 0 */
  seed?: Seed;
  /** How kernels take numbers from the ring. @defaultValue `"rpg"` */
  share?: Share;
  /** Elements that stay together; divides the ring. @defaultValue 1 */
  block?: number;
  /**
   * Where a target starts: where the one before stopped, or on a fresh lap for each target or each group.
   * @defaultValue `"continue"`
   */
  origin?: "continue" | "layer" | "group";
  /** With `origin: "group"`: its first parenthesis, matched against a target's name, names the group. */
  stage?: RegExp;
  /** Standard deviation of the ring; `reference` is $\sqrt{2/4608}$ as in the authors' code. @defaultValue `"rms"` */
  ringStd?: "rms" | "reference" | number;
  /**
   * Whether indices are kept (4 bytes for each element) or computed in each pass; `auto` computes them in a shader on WebGPU
   * and keeps them elsewhere, up to 64 M elements.
   * @defaultValue `"auto"`
   */
  memory?: "auto" | "cached" | "thin";
  /** The paper's sum, or divided by the uses of each element, which projects dense descent. @defaultValue `"sum"` */
  gradient?: "sum" | "projected";
  /** Distinguishes rings under one seed. @defaultValue 0 */
  ringId?: number;
  /** Draws the ring's initial values. @defaultValue `new Generator(0)` */
  generator?: Generator;
}

/** A generator without its numbers: plain JSON. */
export interface GeneratorSpec {
  /** Version of the index function. */
  version: "rpg-1";
  /** Numbers in the ring. */
  size: number;
  /** Identifies the ring. */
  ringId: number;
  /** Key as 16 hexadecimal digits, or `null` when it is withheld. */
  seed: string | null;
  /** How kernels take numbers from the ring; `explicit` is an index that is kept, such as an imported one. */
  share: Share | "explicit";
  /** Elements that stay together. */
  block: number;
  /** Standard deviation of the ring at the start. */
  ringStd: number;
  /** Rule of the gradient. */
  gradient: "sum" | "projected";
  /** Name, shape, standard deviation and first position of each target. */
  targets: [name: string, shape: number[], std: number, from: number][];
}
