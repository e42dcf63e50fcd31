/** Bytes of the module of the score pass. */
export function assemble(): Uint8Array<ArrayBuffer>;
/** Text of `src/pricing/score-module.ts`. */
export function moduleFile(): string;
