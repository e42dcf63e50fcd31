/**
 * What an experiment and a command are: the contract between the packages and the command line.
 *
 * @packageDocumentation
 */

export type { Command, CommandContext, OptionSpec, OptionValues } from "./command.js";
export type {
  Estimate,
  Experiment,
  ExperimentContext,
  ExperimentData,
  Mode,
  Paper,
  Row,
  Run,
  Summary,
  Verdict,
} from "./experiment.js";
