/**
 * Gradient of a scalar function by central differences in double precision.
 *
 * @param f - The function.
 * @param x - Where; left as it is.
 * @param step - Half width of a difference.
 * @defaultValue step 1e-5
 */
export function numericalGradient(
  f: (x: Float64Array) => number,
  x: ArrayLike<number>,
  step = 1e-5,
): Float64Array {
  const at = Float64Array.from(x);
  return at.map((value, i) => {
    at[i] = value + step;
    const above = f(at);
    at[i] = value - step;
    const below = f(at);
    at[i] = value;
    return (above - below) / (2 * step);
  });
}
