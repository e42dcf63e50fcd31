import { ArgumentError } from "@lab/core";
import type { SafetensorsReader, SafetensorsValues } from "@lab/core/io";
import type { ParameterGenerator } from "../generator/index.js";
import { packBits, unpackBits } from "./bit-packing.js";
import { dequantiseRing, quantiseRing } from "./quantise.js";

/** How rings are stored. */
export interface RingFormat {
  bits: 32 | 8 | 6 | 4 | 3;
  groupSize: number;
}

/** Where a pruned ring is stored as a bitmap and the numbers that are left: when that is smaller. */
const isSparse = (numZeros: number, size: number, bits: number) => numZeros * bits > size;

/** Tensors of a ring: its numbers, their scales, a bitmap where it is pruned, and its index where it is explicit. */
export async function ringEntries(
  i: number,
  generator: ParameterGenerator,
  { bits, groupSize }: RingFormat,
): Promise<Record<string, SafetensorsValues>> {
  const ring = (await generator.ring.data()) as Float32Array;
  if (!ring.every(Number.isFinite)) {
    throw new ArgumentError(
      `saveArtifact: ring.${i} has numbers that are not finite; finite ones were expected; training has diverged`,
      { argument: "compressed", value: ring.find((value) => !Number.isFinite(value)) },
    );
  }
  const entries: Record<string, SafetensorsValues> = {};
  const bytes = (name: string, data: Uint8Array) => {
    entries[name] = { dtype: "U8", shape: [data.length], data };
  };
  let stored = ring;
  const kept = ring.filter((value) => value !== 0);
  if (isSparse(ring.length - kept.length, ring.length, bits)) {
    bytes(
      `ring.${i}.mask`,
      packBits(
        Array.from(ring, (value) => (value === 0 ? 0 : 1)),
        1,
      ),
    );
    stored = kept;
  }
  if (bits === 32) entries[`ring.${i}`] = { dtype: "F32", shape: [stored.length], data: stored };
  else {
    const { values, scales } = quantiseRing(stored, { bits, groupSize });
    entries[`ring.${i}.scale`] = { dtype: "F32", shape: [scales.length], data: scales };
    bytes(`ring.${i}`, packBits(values, bits));
  }
  if (generator.toJSON().share === "explicit") {
    const index = generator.explicitIndex()!;
    entries[`ring.${i}.index`] = { dtype: "I32", shape: [index.length], data: index };
  }
  return entries;
}

/** The numbers of a ring of `size` from its tensors. */
export async function ringFrom(
  i: number,
  size: number,
  { bits, groupSize }: RingFormat,
  file: SafetensorsReader,
): Promise<Float32Array> {
  const mask = file.has(`ring.${i}.mask`) ? ((await file.array(`ring.${i}.mask`)) as Uint8Array) : undefined;
  const isKept = (j: number) => ((mask![j >>> 3]! >>> (j & 7)) & 1) === 1;
  const places = mask ? Array.from({ length: size }, (_, j) => j).filter(isKept) : undefined;
  const stored = await file.array(`ring.${i}`);
  const values =
    bits === 32
      ? (stored as Float32Array)
      : dequantiseRing({
          bits,
          groupSize,
          values: unpackBits(stored as Uint8Array, places?.length ?? size, bits),
          scales: (await file.array(`ring.${i}.scale`)) as Float32Array,
        });
  if (!places) return values;
  const ring = new Float32Array(size);
  for (const [k, place] of places.entries()) ring[place] = values[k]!;
  return ring;
}
