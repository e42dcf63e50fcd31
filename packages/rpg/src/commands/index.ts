/**
 * The `lab rpg` commands.
 *
 * @packageDocumentation
 */
import type { Command } from "@lab/core/experiment";

/** All commands of this package. */
export const commands: readonly Command[] = [];
