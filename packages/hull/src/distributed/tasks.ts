import type { PassName } from "../passes/row-passes.js";
import type { SourceAddress } from "../points/points.js";

/** A block of queries against all points: plain JSON. */
export interface BlockTask {
  /** What it is. */
  kind: "block";
  /** Hash of the points. */
  points: string;
  /** Where the points are. */
  address: SourceAddress;
  /** Options of the hull. */
  hull: object;
  /** Options of the queries. */
  query: object;
  /** Backend whose arithmetic the coordinator uses; `null` for the host's. */
  backend: "wasm" | "cpu" | null;
  /** Mode and queries, typed arrays as plain JSON. */
  question: unknown;
}

/** A pass over a shard of the points: plain JSON. */
export interface ShardTask {
  /** What it is. */
  kind: "shard";
  /** Where the points are. */
  address: SourceAddress;
  /** Kind of pass. */
  pass: PassName;
  /** Its input as plain JSON. */
  input: unknown;
  /** First row. */
  from: number;
  /** Row after the last. */
  to: number;
  /** Rows read at a time. */
  chunkSize: number;
}

/** What a worker receives. */
export type HullTask = BlockTask | ShardTask;
