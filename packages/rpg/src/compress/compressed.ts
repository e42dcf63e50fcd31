import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { ParameterGenerator } from "../generator/index.js";
import type { DofReport } from "./report.js";

/** A model whose kernels are generated. */
export interface Compressed {
  /** The model; its trainable weights are the rings and the free parameters. */
  model: LayersModel;
  /** All generators, the main one first. */
  generators: readonly ParameterGenerator[];
  /** The first generator. */
  generator: ParameterGenerator;
  /** Degrees of freedom; see {@link DofReport}. */
  report: DofReport;
  /** What a user should know, such as a ring so large that nothing is shared. */
  warnings: readonly string[];
  /** Frees the model and its generators. */
  dispose(): void;
}
