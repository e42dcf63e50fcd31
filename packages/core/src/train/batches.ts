import { ArgumentError } from "../errors/index.js";
import type { Generator, GeneratorState } from "../random/index.js";
import type { BatchSource } from "./options.js";

/** Generators by name. */
export type Generators = Readonly<Record<string, Generator>>;

/** States of generators by name. */
export type GeneratorStates = Record<string, GeneratorState>;

/** Where in an iterable a run is. */
export interface Position {
  /** Passes finished. */
  epoch: number;
  /** Batches taken from the present pass. */
  index: number;
  /** Generators as they were when the present pass began. */
  atStart: GeneratorStates;
}

/** States of all generators. */
export function saveGenerators(generators: Generators): GeneratorStates {
  return Object.fromEntries(Object.entries(generators).map(([name, generator]) => [name, generator.state()]));
}

/** Puts generators, in place, into saved states; unknown names are left as they are. */
export function restoreGenerators(generators: Generators, states: GeneratorStates): void {
  for (const [name, generator] of Object.entries(generators)) {
    const state = states[name];
    if (state) generator.restore(state);
  }
}

/** Hands out one batch a step and knows how to go back to a position. */
export class Batches<B> {
  position: Position;
  private iterator: AsyncIterator<B> | Iterator<B> | undefined;
  private readonly source: BatchSource<B>;
  private readonly generators: Generators;

  constructor(source: BatchSource<B>, generators: Generators) {
    this.source = source;
    this.generators = generators;
    this.position = { epoch: 0, index: 0, atStart: saveGenerators(generators) };
  }

  /**
   * The batch of step `t`; `ended` says that a pass was finished to get it.
   *
   * @throws {@link ArgumentError} when a pass gives nothing.
   */
  async next(t: number): Promise<{ batch: B; ended: boolean }> {
    if (typeof this.source === "function") return { batch: await this.source(t), ended: false };
    let ended = false;
    for (;;) {
      this.iterator ??= open(this.source);
      const { value, done } = await this.iterator.next();
      if (!done) {
        this.position.index++;
        return { batch: value, ended };
      }
      if (this.position.index === 0) {
        throw new ArgumentError(
          `fit: batches gave nothing in epoch ${this.position.epoch} at step ${t}; an iterable that can be gone through again was expected`,
          { argument: "batches", value: this.position.epoch },
        );
      }
      ended = true;
      this.iterator = undefined;
      this.position = {
        epoch: this.position.epoch + 1,
        index: 0,
        atStart: saveGenerators(this.generators),
      };
    }
  }

  /** Begins the pass of `position` and skips what was taken from it; the generators must stand at its start. */
  async goTo(position: Position, free: (batch: B) => void): Promise<void> {
    this.position = { ...position };
    if (typeof this.source === "function") return;
    this.iterator = open(this.source);
    for (let skipped = 0; skipped < position.index; skipped++) {
      const { value, done } = await this.iterator.next();
      if (done) {
        throw new ArgumentError(
          `fit: batches ended after ${skipped} batches where the checkpoint had taken ${position.index}; the iterable of the first run was expected`,
          { argument: "batches", value: skipped },
        );
      }
      free(value);
    }
  }

  /** Lets an iterable close what it holds. */
  async close(): Promise<void> {
    await this.iterator?.return?.();
    this.iterator = undefined;
  }
}

function open<B>(source: AsyncIterable<B> | Iterable<B>): AsyncIterator<B> | Iterator<B> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}
