import { ArgumentError, DataError } from "@lab/core";
import type { AuditInput, Run } from "./types.js";

/** Columns that a table of predictions has, in any order; others are ignored. */
const COLUMNS = ["setting", "seed", "index", "label", "prediction"] as const;
type Column = (typeof COLUMNS)[number];

/** Rows of one run. */
interface Collected {
  setting: string;
  seed: string;
  /** Prediction of each image, −1 where none is there yet. */
  predictions: number[];
  /** Line of each prediction. */
  lines: number[];
}

/** A value of a line, and the column (from 1) in which it begins. */
interface Field {
  text: string;
  column: number;
}

/** Puts rows together and says where they do not fit. */
class Collector {
  private readonly runs = new Map<string, Collected>();
  private readonly images = new Map<string, number>();
  private readonly labels: number[] = [];
  private readonly labelLines: number[] = [];
  private readonly classes = new Map<string, number>();
  private readonly names: string[] = [];

  constructor(
    private readonly name: string,
    /** Whether labels are numbers; otherwise classes are numbered in the order of their names. */
    private readonly isNumeric: boolean,
  ) {}

  fail(line: number, column: number | undefined, message: string): never {
    const place = column === undefined ? `line ${line}` : `line ${line}, column ${column}`;
    throw new DataError(`parsePredictions: ${this.name}, ${place}: ${message}`, { path: this.name });
  }

  private classOf(line: number, what: string, field: Field): number {
    if (this.isNumeric) {
      const value = Number(field.text);
      if (field.text === "" || !Number.isInteger(value) || value < 0 || value >= 2 ** 31)
        this.fail(line, field.column, `${what} is '${field.text}'; a class number from 0 was expected`);
      return value;
    }
    if (field.text === "") this.fail(line, field.column, `${what} is empty; a class was expected`);
    let found = this.classes.get(field.text);
    if (found === undefined) {
      found = this.names.length;
      this.classes.set(field.text, found);
      this.names.push(field.text);
    }
    return found;
  }

  add(line: number, row: Record<Column, Field>): void {
    for (const column of ["setting", "seed", "index"] as const)
      if (row[column].text === "")
        this.fail(line, row[column].column, `${column} is empty; a value was expected`);
    const key = JSON.stringify([row.setting.text, row.seed.text]);
    let run = this.runs.get(key);
    if (!run) {
      run = { setting: row.setting.text, seed: row.seed.text, predictions: [], lines: [] };
      this.runs.set(key, run);
    }
    const label = this.classOf(line, "label", row.label);
    let image = this.images.get(row.index.text);
    if (image === undefined) {
      image = this.labels.length;
      this.images.set(row.index.text, image);
      this.labels.push(label);
      this.labelLines.push(line);
    } else if (this.labels[image] !== label) {
      const before = this.isNumeric ? this.labels[image] : this.names[this.labels[image]!];
      this.fail(
        line,
        row.label.column,
        `label of index ${row.index.text} is '${row.label.text}' and was '${before}' in line ${this.labelLines[image]}; one label for each index was expected`,
      );
    }
    if (run.lines[image] !== undefined)
      this.fail(
        line,
        row.index.column,
        `index ${row.index.text} of setting ${run.setting}, seed ${run.seed} is there since line ${run.lines[image]}; one prediction was expected`,
      );
    run.predictions[image] = this.classOf(line, "prediction", row.prediction);
    run.lines[image] = line;
  }

  finish(): AuditInput {
    const total = this.labels.length;
    if (total === 0)
      throw new DataError(
        `parsePredictions: ${this.name} has no rows; predictions under the header were expected`,
        {
          path: this.name,
        },
      );
    const runs = [...this.runs.values()];
    for (const run of runs) {
      for (let image = 0; image < total; image++) {
        if (run.lines[image] !== undefined) continue;
        const [index] = [...this.images].find(([, at]) => at === image)!;
        throw new DataError(
          `parsePredictions: ${this.name}: setting ${run.setting}, seed ${run.seed} has no row for index ${index}, which line ${this.labelLines[image]} has; every run needs the same images`,
          { path: this.name },
        );
      }
    }
    const areNumbers = runs.every(({ setting }) => Number.isFinite(Number(setting)));
    const toRun = (run: Collected): Run => ({
      setting: areNumbers ? Number(run.setting) : run.setting,
      seed: run.seed,
      predictions: run.predictions,
    });
    return {
      labels: this.labels,
      runs: runs.map(toRun),
      ...(!this.isNumeric && { classNames: this.names }),
    };
  }
}

/** Values of a line; a value in double quotes may hold the delimiter, and `""` for a quote. */
function fieldsOf(line: string, delimiter: string): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at <= line.length; ) {
    let text = "";
    let end: number;
    if (line[at] === '"') {
      end = at + 1;
      while (end < line.length && (line[end] !== '"' || line[end + 1] === '"')) {
        text += line[end];
        end += line[end] === '"' ? 2 : 1;
      }
      end = line.indexOf(delimiter, end);
    } else {
      end = line.indexOf(delimiter, at);
      text = line.slice(at, end === -1 ? line.length : end).trim();
    }
    fields.push({ text, column: at + 1 });
    if (end === -1) break;
    at = end + 1;
  }
  return fields;
}

function* linesOf(text: string): Generator<[number, string]> {
  let line = 0;
  for (let from = text.charCodeAt(0) === 0xfeff ? 1 : 0; from < text.length; ) {
    const found = text.indexOf("\n", from);
    const end = found === -1 ? text.length : found;
    line++;
    const content = text.slice(from, text[end - 1] === "\r" ? end - 1 : end);
    if (content.trim() !== "") yield [line, content];
    from = end + 1;
  }
}

const isWhole = (text: string) => /^\d+(\.0+)?$/.test(text);

/**
 * Reads predictions that any framework has written: a table with a header and the columns `setting`, `seed`, `index`,
 * `label`, `prediction`, one row for each image and training.
 *
 * Columns may be in any order and others may be there; commas, semicolons and tabs separate. `index` names an image by
 * any text. Classes are numbers from 0, or names. Settings are numbers when all of them are.
 *
 * @param text - The table.
 * @param name - What errors call it. @defaultValue `"predictions"`
 * @returns Input of {@link auditClasses}.
 * @throws {@link DataError} with line and column of a value that cannot be used, or naming the image that a run lacks.
 * @example
 * ```ts
 * import { parsePredictions } from "@lab/da-theory/audit";
 *
 * const rows = ["setting,seed,index,label,prediction", "none,0,a.png,cat,cat", "none,0,b.png,dog,cat"];
 * const { labels, classNames } = parsePredictions(rows.join("\n"));
 * labels; // => [0, 1]
 * classNames; // => ["cat", "dog"]
 * ```
 */
export function parsePredictions(text: string, name = "predictions"): AuditInput {
  if (typeof text !== "string")
    throw new ArgumentError(`parsePredictions: text is ${typeof text}; a string was expected`, {
      argument: "text",
      value: text,
    });
  const lines = linesOf(text);
  const first = lines.next().value as [number, string] | undefined;
  if (!first)
    throw new DataError(`parsePredictions: ${name} is empty; a header and rows were expected`, {
      path: name,
    });
  const [headLine, head] = first;
  const delimiter = [",", ";", "\t"].find((d) => head.includes(d)) ?? ",";
  const names = fieldsOf(head, delimiter).map((field) => field.text.toLowerCase());
  const places = COLUMNS.map((column) => names.indexOf(column));
  const missing = COLUMNS.filter((_, k) => places[k] === -1);
  if (missing.length > 0)
    throw new DataError(
      `parsePredictions: ${name}, line ${headLine}: the header has ${names.join(", ")} and not ${missing.join(", ")}; the columns ${COLUMNS.join(", ")} were expected`,
      { path: name },
    );
  const twice = COLUMNS.find((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice !== undefined)
    throw new DataError(
      `parsePredictions: ${name}, line ${headLine}: the header has ${twice} twice; one column of each name was expected`,
      { path: name },
    );
  const rowOf = (line: number, content: string) => {
    const fields = fieldsOf(content, delimiter);
    if (fields.length !== names.length)
      throw new DataError(
        `parsePredictions: ${name}, line ${line}: ${fields.length} values; ${names.length}, one for each column, were expected`,
        { path: name },
      );
    return Object.fromEntries(COLUMNS.map((column, k) => [column, fields[places[k]!]!])) as Record<
      Column,
      Field
    >;
  };
  // Labels that are neither all numbers nor all names are read as numbers, so that the odd one is reported.
  let areNames = true;
  let isFirst = true;
  for (const [line, content] of linesOf(text)) {
    if (!isFirst && isWhole(rowOf(line, content).label.text)) {
      areNames = false;
      break;
    }
    isFirst = false;
  }
  const collector = new Collector(name, !areNames);
  for (const [line, content] of lines) collector.add(line, rowOf(line, content));
  return collector.finish();
}
