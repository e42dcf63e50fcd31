/**
 * The `lab ppuu` commands.
 *
 * @packageDocumentation
 */
import type { Command } from "@lab/core/experiment";
import { evaluate } from "./evaluate.js";
import { inspect } from "./inspect.js";
import { render } from "./render.js";
import { simulate } from "./simulate.js";
import { train } from "./train.js";

/** Commands of this package. */
export const commands: readonly Command[] = [simulate, inspect, train, evaluate, render];
