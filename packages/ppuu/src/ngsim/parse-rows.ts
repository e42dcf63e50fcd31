import { checkAborted, DataError } from "@lab/core";
import type { byteSource } from "./byte-source.js";

/** Columns of the files, in their order where there is no header. */
const COLUMNS = [
  "vehicle_id",
  "frame_id",
  "total_frames",
  "global_time",
  "local_x",
  "local_y",
  "global_x",
  "global_y",
  "v_length",
  "v_width",
  "v_class",
  "v_vel",
  "v_acc",
  "lane_id",
  "preceding",
  "following",
  "space_headway",
  "time_headway",
] as const;

/** What is read of a row. */
export const USED = [
  "vehicle_id",
  "frame_id",
  "global_time",
  "local_x",
  "local_y",
  "v_length",
  "v_width",
  "lane_id",
] as const;

/** A name of {@link USED}. */
export type UsedColumn = (typeof USED)[number];

/** Slots of length and width. */
const SIZES = [USED.indexOf("v_length"), USED.indexOf("v_width")];
/** Slots of numbers that count. */
const WHOLE = [USED.indexOf("vehicle_id"), USED.indexOf("frame_id"), USED.indexOf("lane_id")];

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const TAB = 9;
const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;

/** How the fields of a file are laid out. */
interface Layout {
  /** Fields are separated by commas, else by white space. */
  isCsv: boolean;
  /** Name of each field. */
  names: readonly string[];
  /** Slot of each field in the row, −1 where it is not used. */
  slots: Int8Array;
  /** Field that names the place, or −1. */
  location: number;
}

/**
 * Parses rows from bytes, one after another, without ever holding the file.
 *
 * @param source - Where the bytes come from.
 * @param location - Value of the column `Location` that is kept, where there is one.
 * @param take - Receives the numbers of a row, in the order of {@link USED}, and its line number.
 */
export async function parseRows(
  source: ReturnType<typeof byteSource>,
  location: string,
  take: (row: Float64Array, line: number) => void,
  options: { signal?: AbortSignal | undefined; onBytes?: ((done: number) => void) | undefined },
): Promise<void> {
  const wanted = new TextEncoder().encode(location);
  const row = new Float64Array(USED.length);
  let layout: Layout | undefined;
  let rest = new Uint8Array(0);
  let line = 0;
  let bytes = 0;
  const use = (data: Uint8Array, from: number, to: number) => {
    let end = to;
    while (end > from && (data[end - 1] === RETURN || data[end - 1] === SPACE)) end--;
    line++;
    if (end === from) return;
    if (!layout) {
      layout = layoutOf(data, from, end, source.name);
      if (isHeader(data, from)) return;
    }
    if (!parseLine(data, from, end, layout, wanted, row, line, source.name)) return;
    for (const slot of WHOLE) {
      if (Number.isInteger(row[slot])) continue;
      throw new DataError(
        `loadNgsim: line ${line} of ${source.name} has ${row[slot]} in column ${USED[slot]}; a whole number was expected`,
        { path: source.name, offset: line },
      );
    }
    for (const slot of SIZES) {
      if (row[slot]! > 0) continue;
      throw new DataError(
        `loadNgsim: line ${line} of ${source.name} has ${row[slot]} in column ${USED[slot]}; a size above 0 was expected`,
        { path: source.name, offset: line },
      );
    }
    take(row, line);
  };
  for await (const chunk of source.chunks) {
    checkAborted(options.signal);
    bytes += chunk.length;
    options.onBytes?.(bytes);
    let from = 0;
    let at = chunk.indexOf(NEWLINE);
    if (rest.length > 0 && at >= 0) {
      const joined = new Uint8Array(rest.length + at);
      joined.set(rest);
      joined.set(chunk.subarray(0, at), rest.length);
      use(joined, 0, joined.length);
      rest = new Uint8Array(0);
      from = at + 1;
      at = chunk.indexOf(NEWLINE, from);
    }
    while (at >= 0) {
      use(chunk, from, at);
      from = at + 1;
      at = chunk.indexOf(NEWLINE, from);
    }
    if (from < chunk.length) {
      const joined = new Uint8Array(rest.length + chunk.length - from);
      joined.set(rest);
      joined.set(chunk.subarray(from), rest.length);
      rest = joined;
    }
  }
  if (rest.length > 0) use(rest, 0, rest.length);
  if (!layout)
    throw new DataError(`loadNgsim: ${source.name} is empty; rows were expected`, { path: source.name });
}

/** Whether a line begins with a letter, perhaps after a byte-order mark or a quote. */
function isHeader(data: Uint8Array, from: number): boolean {
  let at = from;
  while (data[at] === QUOTE || data[at]! > 127) at++;
  const lower = data[at]! | 32;
  return lower >= 97 && lower <= 122;
}

function layoutOf(data: Uint8Array, from: number, to: number, path: string): Layout {
  const text = new TextDecoder().decode(data.subarray(from, to));
  // Decimal commas of a thousand do not make a CSV file.
  const isCsv = text.includes(",") && (isHeader(data, from) || text.split(",").length >= COLUMNS.length);
  const names = isHeader(data, from)
    ? (isCsv ? text.split(",") : text.trim().split(/\s+/)).map((name) =>
        name.replaceAll('"', "").trim().toLowerCase(),
      )
    : [...COLUMNS];
  for (const name of USED) {
    if (!names.includes(name)) {
      throw new DataError(`loadNgsim: column ${name} is missing in ${path}; found ${names.join(", ")}`, {
        path,
      });
    }
    if (names.indexOf(name) !== names.lastIndexOf(name)) {
      throw new DataError(
        `loadNgsim: column ${name} is there twice in ${path}; one column of each name was expected`,
        { path },
      );
    }
  }
  return {
    isCsv,
    names,
    slots: Int8Array.from(names, (name) => USED.indexOf(name as UsedColumn)),
    location: names.indexOf("location"),
  };
}

/** Parses one line into `row`; false when its place is another. */
function parseLine(
  data: Uint8Array,
  from: number,
  to: number,
  layout: Layout,
  location: Uint8Array,
  row: Float64Array,
  line: number,
  path: string,
): boolean {
  const { isCsv, slots } = layout;
  let field = 0;
  let at = from;
  while (at < to) {
    if (!isCsv) while (at < to && (data[at] === SPACE || data[at] === TAB)) at++;
    const start = at;
    let isQuoted = false;
    let value = 0;
    let scale = 0;
    let sign = 1;
    let digits = 0;
    let exponentAt = -1;
    for (; at < to; at++) {
      const c = data[at]!;
      if (c >= ZERO && c <= NINE) {
        value = value * 10 + (c - ZERO);
        if (scale > 0) scale *= 10;
        digits++;
      } else if (c === DOT && scale === 0) scale = 1;
      else if (c === QUOTE) isQuoted = !isQuoted;
      else if (c === COMMA) {
        if (isCsv && !isQuoted) break;
      } else if (c === SPACE || c === TAB) {
        if (!isCsv) break;
      } else if (c === MINUS && digits === 0 && scale === 0) sign = -1;
      else if ((c | 32) === 101 && digits > 0) {
        exponentAt = at;
        while (at + 1 < to && data[at + 1] !== COMMA && data[at + 1] !== SPACE && data[at + 1] !== TAB) at++;
      } else if (slots[field]! >= 0) throw bad(data, start, to, layout.names[field]!, field, line, path);
    }
    const slot = slots[field] ?? -1;
    if (slot >= 0) {
      if (digits === 0) throw bad(data, start, to, layout.names[field]!, field, line, path);
      row[slot] =
        exponentAt >= 0
          ? Number(new TextDecoder().decode(data.subarray(start, at)))
          : (sign * value) / (scale > 0 ? scale : 1);
      // An exponent that is none, or a number that the log cannot hold.
      if (!Number.isFinite(Math.fround(row[slot]!))) {
        throw bad(data, start, to, layout.names[field]!, field, line, path);
      }
    } else if (field === layout.location && !isPlace(data, start, at, location)) return false;
    field++;
    at++; // the separator
  }
  if (field < slots.length) {
    throw new DataError(
      `loadNgsim: line ${line} of ${path} has ${field} fields; ${slots.length} were expected; the file may be cut short`,
      { path, offset: line },
    );
  }
  return true;
}

function isPlace(data: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean {
  let at = from;
  while (at < to && (data[at] === QUOTE || data[at] === SPACE)) at++;
  for (let i = 0; i < wanted.length; i++) if ((data[at + i]! | 32) !== (wanted[i]! | 32)) return false;
  return true;
}

function bad(
  data: Uint8Array,
  from: number,
  to: number,
  name: string,
  field: number,
  line: number,
  path: string,
): DataError {
  const text = new TextDecoder().decode(data.subarray(from, Math.min(to, from + 20))).split(/[,\s]/)[0];
  return new DataError(
    `loadNgsim: line ${line} of ${path} has "${text}" in column ${name} (field ${field + 1}); a number was expected`,
    { path, offset: line },
  );
}
