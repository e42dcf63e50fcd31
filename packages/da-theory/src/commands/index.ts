/**
 * `lab audit …`
 *
 * @packageDocumentation
 */
import type { Command } from "@lab/core/experiment";
import { audit } from "./audit.js";
import { auditRuns } from "./audit-runs.js";

/** Commands of this package. */
export const commands: readonly Command[] = [audit, auditRuns];
