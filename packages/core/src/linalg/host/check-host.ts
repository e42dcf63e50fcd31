import { checkFinite, checkInteger, formatShape } from "../../check/index.js";
import { ShapeError } from "../../errors/index.js";

/** Refuses a flat array that is not a finite row-major matrix of `rows` by `columns`. */
export function checkMatrixHost(
  caller: string,
  argument: string,
  values: ArrayLike<number>,
  rows: number,
  columns: number,
): void {
  checkInteger(caller, "rows", rows, { min: 0 });
  checkInteger(caller, "columns", columns, { min: 0 });
  if (values.length !== rows * columns) {
    throw new ShapeError(
      `${caller}: ${argument} has ${values.length} values; ${rows * columns} were expected for shape ${formatShape([rows, columns])}`,
      { argument, shape: [values.length] },
    );
  }
  checkFinite(caller, argument, values);
}
