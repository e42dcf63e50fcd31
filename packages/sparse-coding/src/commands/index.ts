import type { Command } from "@lab/core/experiment";

/** Commands of this package. */
export const commands: readonly Command[] = [];
