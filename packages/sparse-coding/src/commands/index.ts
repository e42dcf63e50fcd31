/**
 * The `lab sparse` commands.
 *
 * @packageDocumentation
 */
import type { Command } from "@lab/core/experiment";
import { curve } from "./curve.js";
import { denoiseCommand } from "./denoise.js";
import { encode } from "./encode.js";
import { learn } from "./learn.js";
import { report } from "./report.js";
import { train } from "./train.js";

/** Commands of this package. */
export const commands: readonly Command[] = [learn, encode, train, denoiseCommand, curve, report];
