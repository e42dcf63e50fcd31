/** The mean over seeds; `null` when one of them diverged. */
export function meanOrNull(values: readonly (number | null)[]): number | null {
  if (values.some((value) => value === null)) return null;
  return values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
}
