/**
 * The paper's measurements, made repeatable.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { hullColour } from "./hull-colour.js";
import { hullCube } from "./hull-cube.js";
import { hullCurves } from "./hull-curves.js";
import { hullEmbedding } from "./hull-embedding.js";
import { hullFull } from "./hull-full.js";
import { hullNNeeded } from "./hull-n-needed.js";
import { hullPixels } from "./hull-pixels.js";

export {
  type CurveRow,
  type EmbeddingRow,
  embeddingStudy,
  type InterpolationCurveOptions,
  interpolationCurve,
  intrinsicDimensionStudy,
  type ProjectionRow,
  projectionStudy,
  type SampleSizeRow,
  type StudyOptions,
  type SubspaceRow,
  sampleSizeStudy,
  subspaceStudy,
} from "./studies.js";

/** Experiments that `lab run` and `lab reproduce` know. */
export const experiments: readonly Experiment[] = [
  hullPixels,
  hullCurves,
  hullEmbedding,
  hullCube,
  hullNNeeded,
  hullFull,
  hullColour,
] as unknown as readonly Experiment[];
