import { LabError } from "@lab/core";
import { renderUsage, runCommand } from "citty";
import { builtInCommands } from "../commands/index.js";
import { discover } from "../discovery/registry.js";
import { version } from "../discovery/versions.js";
import { commandTree, type Invocation, namedCommand } from "./command-tree.js";
import { UsageError } from "./options.js";
import { stopOnInterrupt } from "./stop-on-interrupt.js";

/** Exit code after Ctrl-C, as shells expect. */
const INTERRUPTED = 130;
const FAILED = 1;
const MISUSED = 2;

/** One line that tells the user what went wrong; the stack only where `LAB_DEBUG` asks for it. */
function complain(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const isExpected = LabError.is(error) || error instanceof UsageError;
  console.error(`lab: ${message.split("\n")[0]}`);
  if (process.env.LAB_DEBUG && error instanceof Error) console.error(error.stack);
  else if (!isExpected)
    console.error("lab: this should not happen; run again with LAB_DEBUG=1 to see where it did");
}

/**
 * Runs the command line.
 *
 * @param argv - The words after `lab`.
 * @returns The exit code.
 */
export async function main(argv: string[]): Promise<number> {
  const { signal, release } = stopOnInterrupt();
  const invocation: Invocation = { signal, exitCode: 0 };
  try {
    if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")) {
      console.log(version);
      return 0;
    }
    const registry = await discover();
    for (const failure of registry.failures) console.error(`lab: ${failure}`);
    const tree = commandTree([...builtInCommands(registry), ...registry.commands], invocation);
    const wantsHelp = argv.length === 0 || argv.includes("--help") || argv.includes("-h");
    if (wantsHelp) {
      const words = argv.filter((word) => !word.startsWith("-"));
      const { command, parent } = namedCommand(tree, words);
      console.log(await renderUsage(command, parent));
      return 0;
    }
    const { command, depth } = namedCommand(tree, argv);
    // The parser takes every word after a group for one of its commands: what runs itself goes without them.
    const { subCommands, ...alone } = command;
    await runCommand(command.run ? alone : command, { rawArgs: argv.slice(depth) });
    return invocation.exitCode;
  } catch (error) {
    if (signal.aborted) {
      console.error("lab: stopped; what was finished is kept, the same command goes on from there");
      return INTERRUPTED;
    }
    // The argument parser's own complaints: an unknown command, a missing argument.
    const isParser = error instanceof Error && error.name === "CLIError";
    complain(isParser ? new UsageError(`${error.message}; see lab --help`) : error);
    return isParser || error instanceof UsageError ? MISUSED : FAILED;
  } finally {
    release();
  }
}
