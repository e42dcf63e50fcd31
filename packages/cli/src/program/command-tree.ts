import { type BackendName, init } from "@lab/core";
import type { Command, CommandContext } from "@lab/core/experiment";
import { type CommandDef, defineCommand } from "citty";
import { version } from "../discovery/versions.js";
import { progressReporter } from "../progress/reporter.js";
import { globalOptions, optionValues, parseRunner, parserArgs, UsageError } from "./options.js";

/** What one run of the program shares with the command that it runs. */
export interface Invocation {
  signal: AbortSignal;
  /** Set by the command. */
  exitCode: number;
}

function leaf(command: Command, invocation: Invocation): CommandDef {
  const options = { ...command.options, ...globalOptions };
  return defineCommand({
    meta: { name: command.path.at(-1)!, description: command.summary },
    args: parserArgs(options),
    async run({ args }) {
      const values = optionValues(options, args as never);
      const json = values.json === true;
      const reporter = progressReporter({ silent: json });
      const context: CommandContext = {
        options: values,
        init: () => init({ backend: values.backend as BackendName | "auto" }),
        runner: parseRunner(String(values.runner)),
        signal: invocation.signal,
        onProgress: (progress) => reporter.update(progress),
        print: (line) => {
          reporter.clear();
          console.log(line);
        },
        json,
      };
      try {
        invocation.exitCode = await command.run(context);
      } finally {
        reporter.clear();
      }
    },
  });
}

/** Nested commands from a flat list of paths; a command may also be the first word of others. */
export function commandTree(commands: readonly Command[], invocation: Invocation): CommandDef {
  const root: CommandDef = {
    meta: {
      name: "lab",
      version,
      description: "Ten deep-learning papers: run, repeat and report their claims",
    },
  };
  for (const command of commands) {
    let node = root;
    for (const word of command.path) {
      node.subCommands ??= {};
      const subs = node.subCommands as Record<string, CommandDef>;
      subs[word] ??= { meta: { name: word, description: `Commands of ${word}` } };
      node = subs[word];
    }
    if (node.run !== undefined)
      throw new UsageError(`two packages bring the command "${command.path.join(" ")}"`);
    Object.assign(node, leaf(command, invocation));
  }
  return root;
}

/** A command of the tree, and where it was found. */
export interface NamedCommand {
  command: CommandDef;
  parent: CommandDef | undefined;
  /** How many words named it. */
  depth: number;
}

/** The command that the first words name, as far as they name one. */
export function namedCommand(tree: CommandDef, words: readonly string[]): NamedCommand {
  let found: NamedCommand = { command: tree, parent: undefined, depth: 0 };
  for (const word of words) {
    const { command, depth } = found;
    const subs = (command.subCommands ?? {}) as Record<string, CommandDef>;
    if (!Object.hasOwn(subs, word)) break;
    found = { command: subs[word]!, parent: command, depth: depth + 1 };
  }
  return found;
}
