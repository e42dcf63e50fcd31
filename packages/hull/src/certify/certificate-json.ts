import type { Certificate } from "./certificate.js";

type Plain = Record<string, unknown>;

const ARRAYS = {
  index: Int32Array,
  weight: Float64Array,
  normal: Float64Array,
  point: Float64Array,
} as const;

// JSON has no infinity; every other double survives a round trip exactly.
const pack = (value: unknown): unknown => {
  if (value === Number.POSITIVE_INFINITY) return "Infinity";
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pack(inner)]));
  }
  return value;
};

const unpack = (value: unknown, key = ""): unknown => {
  if (value === "Infinity") return Number.POSITIVE_INFINITY;
  if (Array.isArray(value)) return ARRAYS[key as keyof typeof ARRAYS].from(value as number[]);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value as Plain).map(([name, inner]) => [name, unpack(inner, name)]),
    );
  }
  return value;
};

/** A certificate as one line of JSON. */
export function packCertificate(certificate: Certificate): string {
  return JSON.stringify(pack(certificate));
}

/** The certificate that {@link packCertificate} wrote. */
export function unpackCertificate(line: string): Certificate {
  return unpack(JSON.parse(line)) as Certificate;
}
