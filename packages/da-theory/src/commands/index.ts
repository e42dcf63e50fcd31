/**
 * `lab audit …` and `lab run da-imagenet`.
 *
 * @packageDocumentation
 */
import type { Command } from "@lab/core/experiment";
import { audit } from "./audit.js";
import { auditRuns } from "./audit-runs.js";
import { imagenet } from "./imagenet.js";

/** Commands of this package. */
export const commands: readonly Command[] = [audit, auditRuns, imagenet];
