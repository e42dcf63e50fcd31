/** The k rows of largest score above a threshold; ties go to the smaller row, so merging is order-free. */
export class TopRows {
  private readonly scores: Float64Array;
  private readonly rows: Int32Array;
  private size = 0;
  /** Scores up to this are of no interest. */
  threshold: number;

  constructor(
    readonly capacity: number,
    threshold = Number.NEGATIVE_INFINITY,
  ) {
    this.scores = new Float64Array(capacity);
    this.rows = new Int32Array(capacity);
    this.threshold = threshold;
  }

  /** Offers a row. */
  offer(score: number, row: number): void {
    if (score < this.threshold || this.capacity === 0) return;
    const { scores, rows } = this;
    if (this.size < this.capacity) {
      let at = this.size++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!this.isWorse(score, row, scores[parent]!, rows[parent]!)) break;
        scores[at] = scores[parent]!;
        rows[at] = rows[parent]!;
        at = parent;
      }
      scores[at] = score;
      rows[at] = row;
    } else {
      if (!this.isWorse(scores[0]!, rows[0]!, score, row)) return;
      this.sink(score, row);
    }
    if (this.size === this.capacity && scores[0]! > this.threshold) this.threshold = scores[0]!;
  }

  private isWorse(a: number, rowA: number, b: number, rowB: number): boolean {
    return a < b || (a === b && rowA > rowB);
  }

  /** Replaces the worst. */
  private sink(score: number, row: number): void {
    const { scores, rows, size } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (
        child + 1 < size &&
        this.isWorse(scores[child + 1]!, rows[child + 1]!, scores[child]!, rows[child]!)
      ) {
        child++;
      }
      if (!this.isWorse(scores[child]!, rows[child]!, score, row)) break;
      scores[at] = scores[child]!;
      rows[at] = rows[child]!;
      at = child;
    }
    scores[at] = score;
    rows[at] = row;
  }

  /** The rows kept, ascending. */
  result(): Int32Array {
    return this.rows.slice(0, this.size).sort();
  }

  /** Rows with their scores, best first. */
  sorted(): { row: number; score: number }[] {
    return Array.from({ length: this.size }, (_, i) => ({ row: this.rows[i]!, score: this.scores[i]! })).sort(
      (a, b) => b.score - a.score || a.row - b.row,
    );
  }
}
