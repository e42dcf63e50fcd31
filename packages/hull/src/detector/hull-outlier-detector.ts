import { checkChoice } from "@lab/core";
import { ConvexHull } from "../hull/convex-hull.js";
import type { Points } from "../points/points.js";

/** What is compared: the distance in data units, in whitened ones, or the gauge about the mean. */
export type HullScore = "distance" | "gauge" | "mahalanobis";

/** Options of {@link HullOutlierDetector.fit}. */
export interface HullOutlierDetectorOptions {
  /** The score. @defaultValue `"mahalanobis"` */
  score?: HullScore;
}

/** A detector at rest: plain JSON. */
export interface HullOutlierDetectorState {
  /** The score. */
  score: HullScore;
  /** Scores of the calibration rows, ascending. */
  calibration: number[];
}

/**
 * Tells how unusual a sample is by its position relative to the hull of the training samples.
 *
 * $p = (1 + \#\{s_{cal} \ge s\})/(n + 1)$: valid whenever calibration and query are exchangeable.
 *
 * @remarks A hull score says nothing about generalisation; compare it with a Mahalanobis distance and nearest
 * neighbours on the same data before relying on it.
 */
export class HullOutlierDetector {
  private constructor(
    private readonly hull: ConvexHull,
    private readonly kind: HullScore,
    private readonly calibration: Float64Array,
  ) {}

  /**
   * Fits on training rows and calibrates on others.
   *
   * @param train - Shape `[N, d]`.
   * @param calibration - Shape `[n, d]`, not among the training rows.
   */
  static async fit(
    train: Points,
    calibration: Points,
    options: HullOutlierDetectorOptions = {},
  ): Promise<HullOutlierDetector> {
    const kind = checkChoice("HullOutlierDetector.fit", "score", options.score ?? "mahalanobis", [
      "distance",
      "gauge",
      "mahalanobis",
    ] as const);
    const hull = await ConvexHull.from(train);
    const scores = await scoresOf(hull, kind, calibration);
    return new HullOutlierDetector(hull, kind, scores.sort());
  }

  /** Scores of rows; larger is more unusual. */
  score(x: Points): Promise<Float64Array> {
    return scoresOf(this.hull, this.kind, x);
  }

  /** Share of calibration scores, the query counted among them, that are at least as large. */
  async pValue(x: Points): Promise<Float64Array> {
    const scores = await this.score(x);
    const { calibration } = this;
    const n = calibration.length;
    return scores.map((score) => {
      let low = 0;
      let high = n;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (calibration[middle]! < score) low = middle + 1;
        else high = middle;
      }
      return (1 + n - low) / (n + 1);
    });
  }

  /** Score and calibration; the training rows are not in it. */
  toJSON(): HullOutlierDetectorState {
    return { score: this.kind, calibration: Array.from(this.calibration) };
  }

  /** Forgets the training rows. */
  dispose(): void {
    this.hull.dispose();
  }
}

async function scoresOf(hull: ConvexHull, kind: HullScore, x: Points): Promise<Float64Array> {
  if (kind === "gauge") return (await hull.gauge(x)).gauge;
  const metric = kind === "mahalanobis" ? "mahalanobis" : "euclidean";
  return (await hull.distance(x, { metric })).distance;
}
