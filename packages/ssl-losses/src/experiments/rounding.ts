/** Arithmetic mean. */
export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** A share in percent, to a tenth. */
export const percent = (share: number): number => Math.round(1000 * share) / 10;

/** To three decimals. */
export const thousandth = (value: number): number => Math.round(1000 * value) / 1000;
