/** Why a backend cannot be used, where something else helps than the loader's usual command. */
export class Unusable extends Error {
  override readonly name = "Unusable";

  constructor(
    reason: string,
    /** What to do. */
    readonly fix: string,
  ) {
    super(reason);
  }
}

/** The reason of a failed start and what to do about it, in words for people. */
export function explain(error: unknown, usualFix: string): { reason: string; fix: string } {
  const reason = error instanceof Error ? error.message : String(error);
  return { reason, fix: error instanceof Unusable ? error.fix : usualFix };
}
