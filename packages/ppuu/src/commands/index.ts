import type { Command } from "@lab/core/experiment";

/** The commands of this package. */
export const commands: readonly Command[] = [];
