/** Typed arrays and numbers beyond JSON as plain JSON, and back, bit by bit. */
const TYPES = { Float64Array, Int32Array, Uint8Array } as const;

type TypeName = keyof typeof TYPES;

/** A value as plain JSON. */
export function toPlain(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value;
    const text = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("base64");
    return { $array: value.constructor.name, text };
  }
  if (Array.isArray(value)) return value.map(toPlain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, toPlain(inner)]),
  );
}

/** The value that {@link toPlain} made plain. */
export function fromPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromPlain);
  if (value === null || typeof value !== "object") return value;
  const { $number, $array, text } = value as { $number?: string; $array?: TypeName; text?: string };
  if ($number !== undefined) return Number($number);
  if ($array !== undefined) return new TYPES[$array](Uint8Array.from(Buffer.from(text!, "base64")).buffer);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromPlain(inner)]));
}
