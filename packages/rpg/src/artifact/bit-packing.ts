/** Packs signed integers of `bits` bits, least significant bit first, in two's complement. */
export function packBits(values: ArrayLike<number>, bits: number): Uint8Array {
  const out = new Uint8Array(Math.ceil((values.length * bits) / 8));
  for (let i = 0; i < values.length; i++) {
    for (let b = 0; b < bits; b++) {
      const at = i * bits + b;
      out[at >>> 3]! |= ((values[i]! >> b) & 1) << (at & 7);
    }
  }
  return out;
}

/** The `length` signed integers that {@link packBits} packed. */
export function unpackBits(bytes: Uint8Array, length: number, bits: number): Int8Array {
  const out = new Int8Array(length);
  for (let i = 0; i < length; i++) {
    let value = 0;
    for (let b = 0; b < bits; b++) {
      const at = i * bits + b;
      value |= ((bytes[at >>> 3]! >>> (at & 7)) & 1) << b;
    }
    out[i] = (value << (32 - bits)) >> (32 - bits);
  }
  return out;
}
