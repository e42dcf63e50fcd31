import { Generator, type GeneratorState } from "@lab/core/random";

/** Steps whose numbers are drawn at once. */
const CHUNK = 64;
/** Words of a step, and how many of them are one block of the generator. */
const WORDS = 4;
const WORDS_OF_BLOCK = 4;
/** Numbers of a step: a standard normal, and uniform ones that tell whether the driver looks for a lane or slows down. */
export const NOISE = 0;
export const LOOK = 1;
export const SLOW = 2;
export const NUMBERS_OF_STEP = 3;
const TWO_POW_MINUS_32 = 2 ** -32;

/** A stream at rest. */
export interface DriverStreamState {
  /** The steps' generator as it was before the present chunk. */
  steps: GeneratorState;
  /** The generator of rare events. */
  rare: GeneratorState;
  /** Steps used of the present chunk; all of them where it is not drawn yet. */
  used: number;
}

/**
 * The random numbers of one driver: a noise and two chances for every step, and those of rare events.
 *
 * Each driver has its own, so that one more car or one more draw changes nothing for the others.
 */
export class DriverStream {
  private readonly steps: Generator;
  private readonly rare: Generator;
  private words: Uint32Array = new Uint32Array(0);
  private used = CHUNK;

  constructor(steps: Generator, rare: Generator) {
    this.steps = steps;
    this.rare = rare;
  }

  /** Draws the numbers of the next step, at their places in `into`. */
  next(into: Float64Array): void {
    if (this.used === CHUNK) this.draw();
    const { words } = this;
    const at = WORDS * this.used++;
    const radius = Math.sqrt(-2 * Math.log((words[at]! + 0.5) * TWO_POW_MINUS_32));
    into[NOISE] = radius * Math.cos(2 * Math.PI * TWO_POW_MINUS_32 * words[at + 1]!);
    into[LOOK] = words[at + 2]! * TWO_POW_MINUS_32;
    into[SLOW] = words[at + 3]! * TWO_POW_MINUS_32;
  }

  /** A uniform number in [low, high) for a rare event. */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.rare.float64(1)[0]!;
  }

  /** Where the stream is; plain JSON. */
  state(): DriverStreamState {
    const { key, at } = this.steps.state();
    const drawn = this.used < CHUNK ? (CHUNK * WORDS) / WORDS_OF_BLOCK : 0;
    return { steps: { key, at: at - drawn }, rare: this.rare.state(), used: this.used };
  }

  /** The stream that `state` described. */
  static fromState(state: DriverStreamState): DriverStream {
    const stream = new DriverStream(Generator.fromState(state.steps), Generator.fromState(state.rare));
    if (state.used < CHUNK) stream.draw();
    stream.used = state.used;
    return stream;
  }

  private draw(): void {
    this.words = this.steps.words(WORDS * CHUNK);
    this.used = 0;
  }
}
