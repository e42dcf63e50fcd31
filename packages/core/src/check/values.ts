import { ArgumentError } from "../errors/index.js";

/** Bounds of a number; absent bounds do not bind. */
export interface NumberRange {
  /** Smallest allowed value. */
  min?: number;
  /** Largest allowed value. */
  max?: number;
  /** The value must be greater than this. */
  above?: number;
  /** The value must be less than this. */
  below?: number;
}

function rangeText({ min, max, above, below }: NumberRange): string {
  const parts: string[] = [];
  if (min !== undefined) parts.push(`>= ${min}`);
  if (above !== undefined) parts.push(`> ${above}`);
  if (max !== undefined) parts.push(`<= ${max}`);
  if (below !== undefined) parts.push(`< ${below}`);
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

function inRange(value: number, { min, max, above, below }: NumberRange): boolean {
  return (
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below)
  );
}

/** Text of a value for an error message: strings quoted, objects as short JSON. */
function show(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint" || value === undefined) return String(value);
  if (typeof value === "function") return "a function";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/**
 * Refuses anything but a finite number in a range.
 *
 * @param caller - Name of the public function, for the message.
 * @param argument - Name of the argument, for the message.
 * @param value - The value received.
 * @param range - Bounds; none by default.
 * @returns The value.
 * @throws {@link ArgumentError} with the value and the range.
 */
export function checkNumber(
  caller: string,
  argument: string,
  value: unknown,
  range: NumberRange = {},
): number {
  if (typeof value === "number" && Number.isFinite(value) && inRange(value, range)) return value;
  throw new ArgumentError(
    `${caller}: ${argument} is ${show(value)}; a finite number${rangeText(range)} was expected`,
    {
      argument,
      value,
    },
  );
}

/** Like {@link checkNumber}, for whole numbers. */
export function checkInteger(
  caller: string,
  argument: string,
  value: unknown,
  range: NumberRange = {},
): number {
  if (Number.isSafeInteger(value) && inRange(value as number, range)) return value as number;
  throw new ArgumentError(
    `${caller}: ${argument} is ${show(value)}; an integer${rangeText(range)} was expected`,
    {
      argument,
      value,
    },
  );
}

/** Refuses anything but true or false. */
export function checkBoolean(caller: string, argument: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${caller}: ${argument} is ${show(value)}; true or false was expected`, {
    argument,
    value,
  });
}

/** Refuses a value that is not one of `choices`; the message lists them. */
export function checkChoice<T extends string | number>(
  caller: string,
  argument: string,
  value: unknown,
  choices: readonly T[],
): T {
  if ((choices as readonly unknown[]).includes(value)) return value as T;
  throw new ArgumentError(
    `${caller}: ${argument} is ${show(value)}; one of ${choices.map((choice) => show(choice)).join(", ")} was expected`,
    { argument, value },
  );
}

/** Refuses an array of numbers that holds NaN or an infinity; the message gives the first index. */
export function checkFinite(caller: string, argument: string, values: ArrayLike<number>): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isFinite(value)) {
      throw new ArgumentError(`${caller}: ${argument}[${index}] is ${value}; finite numbers were expected`, {
        argument,
        value,
      });
    }
  }
}
