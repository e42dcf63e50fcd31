import type { RowAccess } from "../pricing/row-access.js";
import { norm, powerOfTwo } from "../solver/search.js";
import type { Finding } from "./finding.js";

/** Outside certificate for a direction, or `null` when a row is not below the query. */
export async function proveOutside(
  access: RowAccess,
  query: Float64Array,
  direction: Float64Array,
  certify: "proven" | "float64" | "screen",
  stage: number,
  passes: number,
): Promise<Finding | null> {
  const { d } = access;
  const size = powerOfTwo(norm(direction));
  const normal = direction.map((v) => v / size);
  const scan = await access.scan(normal, query, certify === "proven");
  if (!scan.isProven && (certify === "proven" || scan.largest >= 0)) return null;
  const row = await access.read(Int32Array.of(scan.argmax));
  let offset = 0;
  for (let j = 0; j < d; j++) offset += normal[j]! * row[j]!;
  const margin = -scan.largest / norm(normal);
  return {
    certificate: {
      kind: "outside",
      normal,
      offset,
      margin: Math.max(margin, 0),
      proof: scan.isProven ? (scan.isExact ? "exact" : "proven") : "numerical",
      bound: scan.bound,
    },
    lower: Math.max(margin, 0),
    upper: Number.POSITIVE_INFINITY,
    stage,
    passes,
  };
}
