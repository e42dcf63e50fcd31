/**
 * Wolfe's algorithm for the point of smallest norm in the hull of a growing list of vertices.
 *
 * Corral S (affinely independent vertices), weights λ > 0, and the QR factors of the columns [ρ; y_s].
 * The Gram matrix is never formed: it would square the condition number.
 *
 * Wolfe (1976), Finding the nearest point in a polytope.
 */
export class MinNorm {
  /** Vertices, row by row; grows with {@link add}. */
  vertices: Float64Array;
  count = 0;
  /** Corral: positions in {@link vertices}. */
  readonly corral: number[] = [];
  /** Weights of the corral. */
  weights: number[] = [];
  /** The current point. */
  readonly point: Float64Array;
  /** ‖point‖². */
  squaredNorm = Number.POSITIVE_INFINITY;
  /** ‖p‖² − min_i y_i·p over the vertices at the last check. */
  gap = Number.POSITIVE_INFINITY;
  iterations = 0;
  /** True when the corral spans the whole space around the origin: k = d + 1. */
  get isFull(): boolean {
    return this.corral.length === this.d + 1;
  }
  private readonly q: Float64Array[] = [];
  /** Columns of the upper triangular factor. */
  private readonly r: Float64Array[] = [];
  private rho = 0;

  constructor(
    readonly d: number,
    capacity = 64,
  ) {
    this.vertices = new Float64Array(capacity * d);
    this.point = new Float64Array(d);
  }

  /** Appends vertices, row by row. */
  add(rows: Float64Array): void {
    const { d } = this;
    const needed = this.count * d + rows.length;
    if (needed > this.vertices.length) {
      const grown = new Float64Array(Math.max(needed, 2 * this.vertices.length));
      grown.set(this.vertices.subarray(0, this.count * d));
      this.vertices = grown;
    }
    this.vertices.set(rows, this.count * d);
    this.count = needed / d;
  }

  private norm(j: number): number {
    const { d, vertices } = this;
    let sum = 0;
    for (let k = j * d; k < (j + 1) * d; k++) sum += vertices[k]! * vertices[k]!;
    return Math.sqrt(sum);
  }

  /**
   * Runs to optimality on the present vertices.
   *
   * @param relativeGap - Stops at gap ≤ relativeGap · ‖p‖².
   */
  run(relativeGap = 1e-12, maxIterations = 40 * (this.d + 10)): void {
    if (this.count === 0) return;
    if (this.corral.length === 0) this.start();
    const { d } = this;
    const last = this.iterations + maxIterations;
    let stalled = 0;
    while (this.iterations < last) {
      if (this.isFull || this.squaredNorm === 0) {
        this.gap = 0;
        return;
      }
      const { index, value } = this.smallestScore();
      this.gap = this.squaredNorm - value;
      const norm = Math.sqrt(this.squaredNorm);
      // Rounding of one score: 8u |y||p|; below it the gap is noise.
      const noise = 8.9e-16 * this.norm(index) * norm;
      if (this.gap <= relativeGap * this.squaredNorm + noise || this.corral.includes(index)) return;
      this.iterations++;
      if (!this.append(index)) {
        if (this.gap < 1e-7 * this.squaredNorm || this.corral.length === 1) return;
        // The new column depends on the corral: make room by the least weight.
        let least = 0;
        for (let s = 1; s < this.weights.length; s++) if (this.weights[s]! < this.weights[least]!) least = s;
        this.remove(least);
        const sum = this.weights.reduce((a, b) => a + b, 0);
        this.weights = this.weights.map((w) => w / sum);
        if (!this.append(index)) return;
      }
      const before = this.squaredNorm;
      this.descend();
      this.refreshPoint();
      if (!(this.squaredNorm < before)) {
        // Noise of a few steps is tolerated, cycling is not.
        if (++stalled > 2 * d + 4) return;
      } else if (this.squaredNorm < before * (1 - 1e-12)) stalled = 0;
    }
  }

  private start(): void {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    let largest = 0;
    for (let i = 0; i < this.count; i++) {
      const norm = this.norm(i);
      if (norm < least) {
        least = norm;
        best = i;
      }
      if (norm > largest) largest = norm;
    }
    this.rho = largest || 1;
    this.append(best);
    this.weights = [1];
    this.refreshPoint();
  }

  private smallestScore(): { index: number; value: number } {
    const { d, vertices, point, count } = this;
    let index = 0;
    let value = Number.POSITIVE_INFINITY;
    let i = 0;
    // Four rows at a time share the loads of p.
    for (; i + 4 <= count; i += 4) {
      let a = i * d;
      let b = a + d;
      let c = b + d;
      let e = c + d;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let j = 0; j < d; j++) {
        const p = point[j]!;
        s0 += vertices[a++]! * p;
        s1 += vertices[b++]! * p;
        s2 += vertices[c++]! * p;
        s3 += vertices[e++]! * p;
      }
      if (s0 < value) [index, value] = [i, s0];
      if (s1 < value) [index, value] = [i + 1, s1];
      if (s2 < value) [index, value] = [i + 2, s2];
      if (s3 < value) [index, value] = [i + 3, s3];
    }
    for (; i < count; i++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += vertices[i * d + j]! * point[j]!;
      if (sum < value) [index, value] = [i, sum];
    }
    return { index, value };
  }

  /** Adds a vertex to the corral with weight 0; false when it depends on it. */
  private append(index: number): boolean {
    const { d } = this;
    const column = new Float64Array(d + 1);
    column[0] = this.rho;
    column.set(this.vertices.subarray(index * d, (index + 1) * d), 1);
    const k = this.q.length;
    const coefficients = new Float64Array(d + 2);
    let size = 0;
    for (const v of column) size += v * v;
    size = Math.sqrt(size);
    for (let pass = 0; pass < 2; pass++) {
      for (let s = 0; s < k; s++) {
        const q = this.q[s]!;
        let dot = 0;
        for (let j = 0; j <= d; j++) dot += q[j]! * column[j]!;
        coefficients[s] = coefficients[s]! + dot;
        for (let j = 0; j <= d; j++) column[j] = column[j]! - dot * q[j]!;
      }
    }
    let rest = 0;
    for (const v of column) rest += v * v;
    rest = Math.sqrt(rest);
    if (k > d || rest < 1e-7 * size) return false;
    for (let j = 0; j <= d; j++) column[j] = column[j]! / rest;
    coefficients[k] = rest;
    this.q.push(column);
    this.r.push(coefficients);
    this.corral.push(index);
    this.weights.push(0);
    return true;
  }

  /** Removes position `s` of the corral; Givens rotations restore the triangle. */
  private remove(s: number): void {
    const { q, r, d } = this;
    r.splice(s, 1);
    this.corral.splice(s, 1);
    this.weights.splice(s, 1);
    for (let row = s; row < r.length; row++) {
      const pivot = r[row]!;
      const a = pivot[row]!;
      const b = pivot[row + 1]!;
      const size = Math.hypot(a, b);
      const cosine = size === 0 ? 1 : a / size;
      const sine = size === 0 ? 0 : b / size;
      for (let column = row; column < r.length; column++) {
        const c = r[column]!;
        const x = c[row]!;
        const y = c[row + 1]!;
        c[row] = cosine * x + sine * y;
        c[row + 1] = cosine * y - sine * x;
      }
      const first = q[row]!;
      const second = q[row + 1]!;
      for (let j = 0; j <= d; j++) {
        const x = first[j]!;
        const y = second[j]!;
        first[j] = cosine * x + sine * y;
        second[j] = cosine * y - sine * x;
      }
    }
    q.pop();
  }

  /** Solves R'R μ = rhs. */
  private solve(rhs: Float64Array): Float64Array {
    const { r } = this;
    const k = r.length;
    const x = Float64Array.from(rhs);
    for (let i = 0; i < k; i++) {
      const column = r[i]!;
      let sum = x[i]!;
      for (let j = 0; j < i; j++) sum -= column[j]! * x[j]!;
      x[i] = sum / column[i]!;
    }
    for (let i = k - 1; i >= 0; i--) {
      const value = x[i]! / r[i]![i]!;
      x[i] = value;
      const column = r[i]!;
      for (let j = 0; j < i; j++) x[j] = x[j]! - column[j]! * value;
    }
    return x;
  }

  /** Weights of the affine minimum over the corral, refined once. */
  private affineMinimum(): Float64Array {
    const { corral, vertices, d, rho } = this;
    const k = corral.length;
    const mu = this.solve(new Float64Array(k).fill(1));
    const combination = new Float64Array(d);
    let sum = 0;
    for (let s = 0; s < k; s++) {
      const weight = mu[s]!;
      sum += weight;
      const at = corral[s]! * d;
      for (let j = 0; j < d; j++) combination[j] = combination[j]! + weight * vertices[at + j]!;
    }
    const residual = new Float64Array(k);
    for (let s = 0; s < k; s++) {
      const at = corral[s]! * d;
      let dot = 0;
      for (let j = 0; j < d; j++) dot += vertices[at + j]! * combination[j]!;
      residual[s] = 1 - (rho * rho * sum + dot);
    }
    const correction = this.solve(residual);
    sum = 0;
    for (let s = 0; s < k; s++) {
      mu[s] = mu[s]! + correction[s]!;
      sum += mu[s]!;
    }
    for (let s = 0; s < k; s++) mu[s] = mu[s]! / sum;
    return mu;
  }

  private descend(): void {
    for (;;) {
      const mu = this.affineMinimum();
      const k = mu.length;
      let theta = 1;
      let isInterior = true;
      for (let s = 0; s < k; s++) {
        if (mu[s]! > 0) continue;
        isInterior = false;
        const fall = this.weights[s]! - mu[s]!;
        const step = fall > 0 ? this.weights[s]! / fall : 0;
        if (step < theta) theta = step;
      }
      if (isInterior || k === 1) {
        this.weights = Array.from(mu);
        return;
      }
      let removed = -1;
      let least = Number.POSITIVE_INFINITY;
      for (let s = 0; s < k; s++) {
        const weight = (1 - theta) * this.weights[s]! + theta * mu[s]!;
        this.weights[s] = weight;
        if (mu[s]! <= 0 && weight < least) {
          least = weight;
          removed = s;
        }
      }
      this.weights[removed] = 0;
      for (let s = this.weights.length - 1; s >= 0; s--) {
        if (this.weights[s]! <= 0 && this.corral.length > 1) this.remove(s);
      }
    }
  }

  private refreshPoint(): void {
    const { d, point, vertices, corral } = this;
    point.fill(0);
    for (let s = 0; s < corral.length; s++) {
      const at = corral[s]! * d;
      const weight = this.weights[s]!;
      for (let j = 0; j < d; j++) point[j] = point[j]! + weight * vertices[at + j]!;
    }
    this.polish();
    this.squaredNorm = 0;
    for (const v of point) this.squaredNorm += v * v;
  }

  /**
   * Restores the direction of a short p: [−‖p‖²/ρ; p] is orthogonal to every column of the corral, but p is a
   * difference of long vectors. Two projections remove what rounding left in their span.
   */
  private polish(): void {
    const { d, point, rho, q } = this;
    let squared = 0;
    for (const v of point) squared += v * v;
    if (squared > 1e-8 * rho * rho || squared === 0 || q.length > d) return;
    const v = new Float64Array(d + 1);
    v[0] = -squared / rho;
    v.set(point, 1);
    for (let pass = 0; pass < 2; pass++) {
      for (const column of q) {
        let dot = 0;
        for (let j = 0; j <= d; j++) dot += column[j]! * v[j]!;
        for (let j = 0; j <= d; j++) v[j] = v[j]! - dot * column[j]!;
      }
    }
    for (let j = 0; j < d; j++) point[j] = v[j + 1]!;
  }
}
