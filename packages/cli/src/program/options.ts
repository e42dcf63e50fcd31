import type { OptionSpec, OptionValues } from "@lab/core/experiment";
import type { Runner } from "@lab/core/jobs";
import type { ArgsDef } from "citty";

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Options that every command takes. */
export const globalOptions: Record<string, OptionSpec> = {
  backend: {
    type: "string",
    description: "What computes",
    choices: ["auto", "tensorflow", "webgpu", "wasm", "cpu"],
    default: "auto",
  },
  runner: {
    type: "string",
    description: "Who runs independent pieces: inline, threads:N, or a redis:// address",
    default: "inline",
  },
  json: { type: "boolean", description: "Print one JSON document instead of text" },
};

/** The parser's form of option specifications. */
export function parserArgs(options: Record<string, OptionSpec>): ArgsDef {
  return Object.fromEntries(
    Object.entries(options).map(([name, spec]) => [
      name,
      {
        type: spec.type === "positional" || spec.type === "boolean" ? spec.type : "string",
        description: spec.choices ? `${spec.description} (${spec.choices.join(", ")})` : spec.description,
        required: spec.required ?? false,
        ...(spec.default === undefined
          ? {}
          : { default: spec.type === "number" ? String(spec.default) : spec.default }),
      },
    ]),
  ) as ArgsDef;
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function convert(name: string, spec: OptionSpec, value: unknown): string | number | boolean | undefined {
  if (value === undefined) return undefined;
  const shown = spec.type === "positional" ? name : `--${kebab(name)}`;
  if (spec.choices && !spec.choices.includes(String(value))) {
    throw new UsageError(`${shown} is "${value}"; one of ${spec.choices.join(", ")} was expected`);
  }
  if (spec.type === "boolean") return Boolean(value);
  if (spec.type !== "number") return String(value);
  const number = Number(value);
  if (value === "" || !Number.isFinite(number))
    throw new UsageError(`${shown} is "${value}"; a number was expected`);
  return number;
}

/** Parsed arguments as typed values; unknown options and surplus words are refused. */
export function optionValues(
  options: Record<string, OptionSpec>,
  args: Record<string, unknown> & { _: string[] },
): OptionValues {
  const known = new Set(Object.keys(options).flatMap((name) => [name, kebab(name), `no-${kebab(name)}`]));
  for (const name of Object.keys(args)) {
    if (name !== "_" && !known.has(name) && !known.has(kebab(name))) {
      throw new UsageError(`--${kebab(name)} is not an option of this command; see its --help`);
    }
  }
  const positional = Object.values(options).filter((spec) => spec.type === "positional").length;
  if (args._.length > positional) {
    throw new UsageError(`"${args._[positional]}" is one word too many; see the command's --help`);
  }
  return Object.fromEntries(
    Object.entries(options).map(([name, spec]) => [name, convert(name, spec, args[name])]),
  );
}

/** Reads `inline`, `threads:N` or the address of a Redis server with an optional `#queue`. */
export function parseRunner(text: string): Runner {
  if (text === "inline") return text;
  const threads = /^threads:([1-9]\d*)$/.exec(text);
  if (threads) return `threads:${Number(threads[1])}`;
  if (/^rediss?:\/\//.test(text)) {
    const [redis = text, queue] = text.split("#");
    return queue ? { redis, queue } : { redis };
  }
  throw new UsageError(`--runner is "${text}"; inline, threads:N or redis://host:port was expected`);
}
