import { Generator, type GeneratorState } from "@lab/core/random";

/** Steps whose numbers are drawn at once. */
const CHUNK = 64;
const TWO_POW_MINUS_32 = 2 ** -32;

/** A stream at rest. */
export interface DriverStreamState {
  /** The steps' generator as it was before the present chunk. */
  steps: GeneratorState;
  /** The generator of rare events. */
  rare: GeneratorState;
  /** Steps used of the present chunk. */
  used: number;
}

/**
 * The random numbers of one driver: a noise and two chances for every step, and those of rare events.
 *
 * Each driver has its own, so that one more car or one more draw changes nothing for the others.
 */
export class DriverStream {
  /** Standard normal of the step last begun. */
  noise = 0;
  /** Uniform in [0, 1) of the step last begun: whether the driver looks for a lane. */
  look = 0;
  /** Uniform in [0, 1) of the step last begun: whether the driver slows down. */
  slow = 0;
  private readonly steps: Generator;
  private readonly rare: Generator;
  private before: GeneratorState;
  private words: Uint32Array = new Uint32Array(0);
  private used = CHUNK;

  constructor(steps: Generator, rare: Generator) {
    this.steps = steps;
    this.rare = rare;
    this.before = steps.state();
  }

  /** Draws the numbers of the next step. */
  next(): void {
    if (this.used === CHUNK) {
      this.before = this.steps.state();
      this.words = this.steps.words(4 * CHUNK);
      this.used = 0;
    }
    const at = 4 * this.used++;
    const radius = Math.sqrt(-2 * Math.log((this.words[at]! + 0.5) * TWO_POW_MINUS_32));
    this.noise = radius * Math.cos(2 * Math.PI * TWO_POW_MINUS_32 * this.words[at + 1]!);
    this.look = this.words[at + 2]! * TWO_POW_MINUS_32;
    this.slow = this.words[at + 3]! * TWO_POW_MINUS_32;
  }

  /** A uniform number in [low, high) for a rare event. */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.rare.float64(1)[0]!;
  }

  /** Where the stream is; plain JSON. */
  state(): DriverStreamState {
    return { steps: this.before, rare: this.rare.state(), used: this.used };
  }

  /** The stream that `state` described. */
  static fromState(state: DriverStreamState): DriverStream {
    const stream = new DriverStream(Generator.fromState(state.steps), Generator.fromState(state.rare));
    if (state.used < CHUNK) {
      stream.words = stream.steps.words(4 * CHUNK);
      stream.used = state.used;
    }
    return stream;
  }
}
