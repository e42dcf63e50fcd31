import type { DeviceInfo } from "../device/index.js";
import type { Runner } from "../jobs/index.js";
import type { Progress } from "../progress/index.js";

/** An option or a positional argument of a command. */
export interface OptionSpec {
  /** How it is given: by position, as `--name value`, or as `--name`. */
  type: "positional" | "string" | "number" | "boolean";
  /** One line for the usage text. */
  description: string;
  /** Whether the command refuses to run without it. @defaultValue false */
  required?: boolean;
  /** Value when it is not given. */
  default?: string | number | boolean;
  /** The values that are allowed. */
  choices?: readonly string[];
}

/** Parsed options by name; absent ones are `undefined`. */
export type OptionValues = Record<string, string | number | boolean | undefined>;

/** What a command receives. */
export interface CommandContext {
  /** The parsed options. */
  options: OptionValues;
  /** Starts the backend that `--backend` names, or the best; commands that need no tensors never call it. */
  init(): Promise<DeviceInfo>;
  /** How independent pieces are run. */
  runner: Runner;
  /** Stops the command. */
  signal: AbortSignal;
  /** Receives progress. */
  onProgress: (progress: Progress) => void;
  /** Prints a result line to standard output. */
  print(line: string): void;
  /** Whether `--json` was given: results then go out as one JSON document. */
  json: boolean;
}

/**
 * A subcommand of `lab`, such as `lab hull rate`. Packages export theirs as `commands` under `./commands`.
 */
export interface Command {
  /** Words after `lab`, such as `["hull", "rate"]`. */
  path: readonly string[];
  /** One line for the usage text. */
  summary: string;
  /** Options by name. */
  options: Record<string, OptionSpec>;
  /** Runs it and resolves to the exit code. */
  run(context: CommandContext): Promise<number>;
}
