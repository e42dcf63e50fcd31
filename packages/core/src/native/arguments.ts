import { ArgumentError } from "../errors/index.js";

/** What `lab-core tensorflow` was asked to do. */
export type TensorflowCommand =
  | { action: "install"; dir: string; gpu: boolean; wheels: readonly string[] }
  | { action: "uninstall"; dir: string }
  | { action: "status"; dir: string }
  | { action: "help" };

/** What `lab-core --help` prints. */
export const usage = `Usage: lab-core tensorflow <command> [options]

Puts a current TensorFlow under the tfjs-node binding of a project.

Commands:
  install      download, build, test, then switch to it
  uninstall    undo it
  status       say what is installed

Options:
  --dir DIR     project folder (default: the current one)
  --gpu         with the CUDA libraries
  --wheel FILE  use this TensorFlow wheel instead of downloading one; repeat it for wheels of CUDA libraries
  --help        this text
`;

const actions = ["install", "uninstall", "status"] as const;

function refuse(argument: string, value: unknown, message: string): never {
  throw new ArgumentError(`tensorflow: ${message}`, { argument, value });
}

/**
 * Reads the command line of `lab-core`.
 *
 * @param argv - Arguments after the program's name.
 * @param here - Folder that stands for an absent `--dir`.
 * @throws {@link ArgumentError} naming the argument that is not known or misses its value.
 */
export function parseArguments(argv: readonly string[], here: string): TensorflowCommand {
  if (argv.length === 0 || argv.includes("--help") || argv.includes("-h")) return { action: "help" };
  const [subject, action, ...rest] = argv;
  if (subject !== "tensorflow")
    refuse("command", subject, `command is "${subject}"; "tensorflow" was expected; see lab-core --help`);
  const known = actions.find((name) => name === action);
  if (known === undefined)
    refuse("command", action, `command is "${action ?? ""}"; one of ${actions.join(", ")} was expected`);

  let dir = here;
  let gpu = false;
  const wheels: string[] = [];
  for (let index = 0; index < rest.length; index++) {
    const [option, inline] = splitOption(rest[index]!);
    const value = (): string => {
      const text = inline ?? rest[++index];
      if (text === undefined || text === "" || (inline === undefined && text.startsWith("--")))
        refuse(option, text, `${option} has no value; a path was expected`);
      return text;
    };
    if (option === "--dir") dir = value();
    else if (option === "--wheel" && known === "install") wheels.push(value());
    else if (option === "--gpu" && known === "install" && inline === undefined) gpu = true;
    else refuse(option, rest[index], `${rest[index]} is not an option of ${known}; see lab-core --help`);
  }
  return known === "install" ? { action: known, dir, gpu, wheels } : { action: known, dir };
}

/** `--name=value` as its two halves. */
function splitOption(text: string): [string, string | undefined] {
  const at = text.startsWith("--") ? text.indexOf("=") : -1;
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
