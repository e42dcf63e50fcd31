import { DataError } from "@lab/core";
import type { Seed } from "../ring-index/index.js";
import type { GeneratorSpec } from "./options.js";

/** Refuses a description of another version, or one whose key or index is neither in it nor given. */
export function checkDescription(
  spec: GeneratorSpec,
  seed: Seed | undefined,
  index: Int32Array | undefined,
): void {
  const refuse = (what: string) => new DataError(`ParameterGenerator.fromJSON: ${what}`, { path: "spec" });
  if (spec.version !== "rpg-1") {
    throw refuse(`version is ${JSON.stringify(spec.version)}; "rpg-1" was expected`);
  }
  if (spec.share === "explicit" && index === undefined) {
    throw refuse("index is not part of the description; it was expected as an argument");
  }
  if (spec.seed === null && seed === undefined) {
    throw refuse("seed is withheld; the key was expected as an argument");
  }
}
