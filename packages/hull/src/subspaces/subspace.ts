import { ArgumentError, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { openPoints, type PointArray, type PointSource, type Points, type Rows } from "../points/points.js";

/** A map of rows to rows of another length, fitted on training data only. */
export interface Subspace {
  /** Columns of the result. */
  readonly dim: number;
  /** Applies the map; tensors give tensors that belong to the caller, arrays arrays, sources sources. */
  apply<T extends Points>(x: T): T;
  /** What it is, as plain JSON. */
  toJSON(): unknown;
}

/** Maps values of rows: `count` rows of `from` numbers to rows of `to` numbers. */
type RowMap = (values: ArrayLike<number>, count: number) => Float64Array | Uint8Array;

/** A subspace from a map of rows on the host and one of tensors. */
export function subspaceOf(options: {
  caller: string;
  from: number;
  to: number;
  map: RowMap;
  tensor: (x: tf.Tensor2D) => tf.Tensor2D;
  /** Whether whole numbers stay whole numbers. */
  keepsBytes: boolean;
  json: unknown;
}): Subspace {
  const { caller, from, to, map, tensor, keepsBytes, json } = options;
  const check = (columns: number) => {
    if (columns === from) return;
    throw new ShapeError(`${caller}: x has ${columns} columns; ${from} were expected`, {
      argument: "x",
      shape: [columns],
    });
  };
  const apply = (x: Points): Points => {
    if ("dataId" in x) {
      if (x.rank !== 2) check(-1);
      check(x.shape[1]);
      return tf.tidy(() => tensor(x));
    }
    check(x.shape[1]);
    if ("chunk" in x) return mappedSource(x, to, map, keepsBytes);
    const { data, shape } = x as PointArray;
    const values = map(data, shape[0]);
    const out =
      keepsBytes && data instanceof Uint8Array
        ? Uint8Array.from(values)
        : data instanceof Float32Array
          ? Float32Array.from(values)
          : Float64Array.from(values);
    return { data: out, shape: [shape[0], to] };
  };
  return { dim: to, apply: apply as Subspace["apply"], toJSON: () => json };
}

function mappedSource(x: PointSource, to: number, map: RowMap, keepsBytes: boolean): PointSource {
  return {
    shape: [x.shape[0], to],
    dtype: keepsBytes ? x.dtype : "float64",
    chunk: async (start, count) => map(await x.chunk(start, count), count),
    rows: async (index) => Float64Array.from(map(await x.rows(index), index.length)),
  };
}

/** Applies one subspace after the other. */
export function compose(...subspaces: readonly Subspace[]): Subspace {
  const last = subspaces.at(-1);
  if (last === undefined) {
    throw new ArgumentError("compose: subspaces is an empty list; at least one was expected", {
      argument: "subspaces",
      value: subspaces,
    });
  }
  return {
    dim: last.dim,
    apply<T extends Points>(x: T): T {
      let value: Points = x;
      for (const [i, subspace] of subspaces.entries()) {
        const next: Points = subspace.apply(value);
        if (i > 0 && "dataId" in value) tf.dispose(value);
        value = next;
      }
      return value as T;
    },
    toJSON: () => ({ kind: "compose", subspaces: subspaces.map((subspace) => subspace.toJSON()) }),
  };
}

/** Opens training data for fitting. */
export function openTraining(caller: string, train: Points): Promise<Rows> {
  return openPoints(caller, "train", train);
}
