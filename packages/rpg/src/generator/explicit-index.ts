import { ArgumentError, ShapeError } from "@lab/core";
import { PLACE_MASK } from "../ring-index/ring-index.js";
import type { Placed } from "./placement.js";

/** A packed index of all targets, cut into one for each. */
export function splitIndex(
  packed: Int32Array,
  placed: Iterable<Placed>,
  size: number,
): Map<string, Int32Array> {
  const targets = [...placed];
  const total = targets.reduce((sum, { count }) => sum + count, 0);
  if (packed.length !== total) {
    throw new ShapeError(
      `ParameterGenerator.useIndex: packed has ${packed.length} words; ${total} were expected, one for each generated element`,
      { argument: "packed", shape: [packed.length] },
    );
  }
  const outside = packed.find((word) => (word & PLACE_MASK) >= size);
  if (outside !== undefined) {
    throw new ArgumentError(
      `ParameterGenerator.useIndex: packed holds the place ${outside & PLACE_MASK}; one below ${size} was expected`,
      { argument: "packed", value: outside },
    );
  }
  const parts = new Map<string, Int32Array>();
  let at = 0;
  for (const { name, count } of targets) {
    parts.set(name, packed.slice(at, at + count));
    at += count;
  }
  return parts;
}

/** Indices one after the other. */
export function joinIndex(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
