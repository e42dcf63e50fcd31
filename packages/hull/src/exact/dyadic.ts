const view = new DataView(new ArrayBuffer(8));

/** A finite double as mantissa · 2^exponent, exactly; the mantissa is odd or zero. */
export function dyadicOf(value: number): { mantissa: bigint; exponent: number } {
  if (value === 0) return { mantissa: 0n, exponent: 0 };
  if (Number.isSafeInteger(value)) return { mantissa: BigInt(value), exponent: 0 };
  view.setFloat64(0, value);
  const high = view.getUint32(0);
  const biased = (high >>> 20) & 0x7ff;
  let mantissa = (BigInt(high & 0xfffff) << 32n) | BigInt(view.getUint32(4));
  if (biased !== 0) mantissa |= 1n << 52n;
  let exponent = (biased === 0 ? 1 : biased) - 1075;
  let zeros = 0;
  while ((mantissa & 0xffn) === 0n) {
    mantissa >>= 8n;
    zeros += 8;
  }
  while ((mantissa & 1n) === 0n) {
    mantissa >>= 1n;
    zeros += 1;
  }
  exponent += zeros;
  return { mantissa: value < 0 ? -mantissa : mantissa, exponent };
}

/** Numbers as integers times a common power of two: values[i] = integers[i] · 2^exponent, exactly. */
export function integersOf(values: ArrayLike<number>): { integers: bigint[]; exponent: number } {
  let exponent = 0;
  const parts = Array.from(values, (value) => {
    const part = dyadicOf(value);
    if (part.mantissa !== 0n && part.exponent < exponent) exponent = part.exponent;
    return part;
  });
  const integers = parts.map((part) =>
    part.mantissa === 0n ? 0n : part.mantissa << BigInt(part.exponent - exponent),
  );
  return { integers, exponent };
}

/** A ratio of integers as the nearest double, within an ulp or two. */
export function ratioOf(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  const isNegative = numerator < 0n !== denominator < 0n;
  const a = numerator < 0n ? -numerator : numerator;
  const b = denominator < 0n ? -denominator : denominator;
  const shift = 66 - (bitLength(a) - bitLength(b));
  const quotient = shift >= 0 ? (a << BigInt(shift)) / b : a / (b << BigInt(-shift));
  const value = Number(quotient) * 2 ** -shift;
  return isNegative ? -value : value;
}

/** Number of binary digits of a positive integer. */
export function bitLength(value: bigint): number {
  const hex = value.toString(16);
  return 4 * (hex.length - 1) + (32 - Math.clz32(Number.parseInt(hex[0]!, 16)));
}

/**
 * Sign of w·(x − q) in exact arithmetic.
 *
 * @returns −1, 0 or 1.
 */
export function exactSign(w: ArrayLike<number>, x: ArrayLike<number>, q: ArrayLike<number>): number {
  const a = integersOf(w).integers;
  const d = w.length;
  const both = new Float64Array(2 * d);
  for (let j = 0; j < d; j++) {
    both[j] = x[j]!;
    both[d + j] = q[j]!;
  }
  const { integers } = integersOf(both);
  let sum = 0n;
  for (let j = 0; j < d; j++) if (a[j] !== 0n) sum += a[j]! * (integers[j]! - integers[d + j]!);
  return sum > 0n ? 1 : sum < 0n ? -1 : 0;
}
