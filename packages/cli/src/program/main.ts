import { LabError } from "@lab/core";
import { type CommandDef, renderUsage, runCommand } from "citty";
import { builtInCommands } from "../commands/index.js";
import { discover } from "../discovery/registry.js";
import { version } from "../discovery/versions.js";
import { commandTree, type Invocation } from "./command-tree.js";
import { UsageError } from "./options.js";
import { stopOnInterrupt } from "./stop-on-interrupt.js";

/** Exit code after Ctrl-C, as shells expect. */
const INTERRUPTED = 130;
const FAILED = 1;
const MISUSED = 2;

/** Finds the command that the words name, for its usage text. */
async function namedCommand(
  tree: CommandDef,
  words: readonly string[],
): Promise<[CommandDef, CommandDef | undefined]> {
  let [command, parent]: [CommandDef, CommandDef | undefined] = [tree, undefined];
  for (const word of words) {
    const sub = (command.subCommands as Record<string, CommandDef> | undefined)?.[word];
    if (sub === undefined) break;
    [command, parent] = [sub, command];
  }
  return [command, parent];
}

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
      const [command, parent] = await namedCommand(
        tree,
        argv.filter((word) => !word.startsWith("-")),
      );
      console.log(await renderUsage(command, parent));
      return 0;
    }
    await runCommand(tree, { rawArgs: argv });
    return invocation.exitCode;
  } catch (error) {
    if (signal.aborted) {
      console.error("lab: stopped; the same command goes on where it stopped");
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
