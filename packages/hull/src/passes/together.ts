import type { OutsideScan } from "../certify/outside-proof.js";
import { type Rows, readRows } from "../points/points.js";
import { MemoryRows, type RowAccess } from "../pricing/row-access.js";
import type { Priced } from "../solver/search.js";
import type { RowAnswer, RowRequest } from "./requests.js";
import type { RowPasses } from "./row-passes.js";

/**
 * Runs `work` for `count` queries.
 *
 * On rows in memory one after the other. On others all at the same time: once every query waits for all rows, one pass
 * answers them all. What is asked in a pass depends on the queries alone, not on which of them was faster.
 */
export async function together<T>(
  rows: Rows,
  passes: RowPasses,
  count: number,
  work: (i: number, access: RowAccess) => Promise<T>,
): Promise<T[]> {
  const { n, d, data } = rows;
  if (data !== null) {
    const access = new MemoryRows(data, n, d);
    const results: T[] = [];
    for (let i = 0; i < count; i++) results.push(await work(i, access));
    return results;
  }
  const meeting = new Meeting(passes, count);
  const settled = await Promise.allSettled(
    Array.from({ length: count }, async (_, i) => {
      try {
        return await work(i, new WaitingRows(rows, i, meeting));
      } finally {
        meeting.leave();
      }
    }),
  );
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

interface Waiting {
  order: number;
  request: RowRequest;
  resolve: (answer: RowAnswer) => void;
  reject: (reason: unknown) => void;
}

/** Where queries wait for each other. */
class Meeting {
  private waiting: Waiting[] = [];

  constructor(
    private readonly passes: RowPasses,
    private active: number,
  ) {}

  ask(order: number, request: RowRequest): Promise<RowAnswer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ order, request, resolve, reject });
      this.passWhenAllWait();
    });
  }

  leave(): void {
    this.active--;
    this.passWhenAllWait();
  }

  private passWhenAllWait(): void {
    if (this.waiting.length === 0 || this.waiting.length < this.active) return;
    const asked = this.waiting.sort((a, b) => a.order - b.order);
    this.waiting = [];
    this.passes
      .run(
        "requests",
        asked.map(({ request }) => request),
      )
      .then(
        (answers) => {
          for (const [k, { resolve }] of asked.entries()) resolve(answers[k]!);
        },
        (reason: unknown) => {
          for (const { reject } of asked) reject(reason);
        },
      );
  }
}

/** Rows elsewhere, as one query of a meeting sees them. */
class WaitingRows implements RowAccess {
  readonly data = null;
  readonly n: number;
  readonly d: number;

  constructor(
    private readonly rows: Rows,
    private readonly order: number,
    private readonly meeting: Meeting,
  ) {
    this.n = rows.n;
    this.d = rows.d;
  }

  read(index: Int32Array): Promise<Float64Array> {
    return readRows(this.rows, index);
  }

  async price(w: Float64Array, query: Float64Array, threshold: number, limit: number): Promise<Priced> {
    const { largest, argmax, rows } = await this.ask({
      kind: "price",
      w,
      query,
      threshold,
      limit,
      stopAtFailure: false,
    });
    return { largest, argmax, candidates: Int32Array.from(rows).sort() };
  }

  async scan(w: Float64Array, query: Float64Array, stopAtFailure: boolean): Promise<OutsideScan> {
    const { isProven, isExact, largest, argmax, bound } = await this.ask({
      kind: "scan",
      w,
      query,
      threshold: 0,
      limit: 0,
      stopAtFailure,
    });
    return { isProven, isExact, largest, argmax, bound };
  }

  private ask(request: RowRequest): Promise<RowAnswer> {
    return this.meeting.ask(this.order, request);
  }
}
