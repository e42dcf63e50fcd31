import { DataError } from "@lab/core";
import { policyFromSpec } from "../evaluation/build-policy.js";
import type { TrafficLog } from "../log/traffic-log.js";
import type { Policy, PolicySpec } from "../policy/policy.js";

const NAMED = ["replay", "no-action", "idm"] as const;

/** The option of commands that drive. */
export const POLICY_OPTION = {
  type: "string",
  description: "replay, no-action, idm, or a file with a policy, such as lab ppuu train writes",
} as const;

/** A policy by its name, or of a file with its description. */
export async function readPolicy(caller: string, name: string, log: TrafficLog): Promise<Policy> {
  if (name === "idm") return policyFromSpec({ kind: "idm", gain: 0.004 }, log);
  if ((NAMED as readonly string[]).includes(name)) return policyFromSpec({ kind: name } as PolicySpec, log);
  const { readFile } = await import("node:fs/promises");
  try {
    return policyFromSpec(JSON.parse(await readFile(name, "utf8")) as PolicySpec, log);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(
      `${caller}: policy ${name} cannot be used (${reason}); ${NAMED.join(", ")} or a file with a policy's description was expected`,
      { path: name },
      { cause },
    );
  }
}
