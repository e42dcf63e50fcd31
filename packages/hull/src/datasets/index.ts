/**
 * Point sets with known geometry, from an explicit generator.
 *
 * @packageDocumentation
 */
export {
  ball,
  cube,
  gaussian,
  hypercubeVertices,
  type LinearEmbeddingOptions,
  linearEmbedding,
  momentCurve,
  randomWalk,
  type Sample,
  type SampleOptions,
  type SplineOptions,
  sphere,
  splineManifold,
} from "./datasets.js";
