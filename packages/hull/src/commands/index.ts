/**
 * `lab hull …`
 *
 * @packageDocumentation
 */
import type { Command } from "@lab/core/experiment";
import { extreme } from "./extreme.js";
import { rate } from "./rate.js";
import { theory } from "./theory.js";
import { verify } from "./verify.js";

/** Commands of this package. */
export const commands: readonly Command[] = [rate, verify, extreme, theory];
