import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { download } from "../download/index.js";
import { DataError } from "../errors/index.js";
import { failInstall } from "./fail.js";
import { configuredIndex, findWheel } from "./package-index.node.js";
import { type ProgramResult, type RunProgram, tellingLine } from "./run-program.node.js";
import { meets, normalName, parseWheelName, type Requirement } from "./wheel.js";

/** What fetching wheels needs of the machine. */
export interface FetchTools {
  /** Starts programs. */
  run: RunProgram;
  /** Environment variables. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Receives one line for each step. */
  report: (line: string) => void;
  /** Stops the work. */
  signal?: AbortSignal | undefined;
}

/** A Python whose pip works, or `undefined`; nothing is installed into it. */
export async function findPip({ run, environment }: FetchTools): Promise<string | undefined> {
  for (const python of [environment.PYTHON, "python3", "python"]) {
    if (python && (await run(python, ["-m", "pip", "--version"])).status === 0) return python;
  }
  return undefined;
}

/**
 * The wheel that meets a requirement, in `folder`: one that is already there, else through pip, else from the
 * configured package index.
 *
 * @returns Path of the wheel.
 * @throws `BackendError` or `DataError`, in one line, when neither way leads to it.
 */
export async function fetchWheel(
  requirement: Requirement,
  folder: string,
  machine: string,
  python: string | undefined,
  tools: FetchTools,
): Promise<string> {
  const label = requirement.name + requirement.versions;
  const there = await storedWheel(requirement, folder);
  if (there) {
    tools.report(`${label}: already downloaded`);
    return there;
  }
  if (python) return throughPip(requirement, folder, machine, python, tools);
  const index = configuredIndex(tools.environment);
  if (index === undefined)
    failInstall(
      "no Python with pip was found and no package index is configured",
      "install python3-pip, or set PIP_INDEX_URL, or give a downloaded wheel with --wheel FILE",
    );
  tools.report(`${label}: downloading from the configured package index`);
  const wheel = await findWheel(index, requirement, machine, tools.signal);
  const target = join(folder, wheel.file);
  try {
    return await download(wheel.url.href, {
      path: target,
      checksum: { algorithm: "sha256", hex: wheel.sha256.toLowerCase() },
      signal: tools.signal,
    });
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new DataError(
      `tensorflow install: ${wheel.file} could not be fetched (${cause.message}); run the command again, or give the wheel with --wheel FILE`,
      { path: target },
      { cause },
    );
  }
}

async function storedWheel({ name, versions }: Requirement, folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  for (const file of await readdir(folder)) {
    const wheel = parseWheelName(file);
    if (wheel && wheel.name === normalName(name) && meets(wheel.version, versions)) return join(folder, file);
  }
  return undefined;
}

/** pip writes into a folder of its own, so that a wheel in `folder` is always whole. */
async function throughPip(
  requirement: Requirement,
  folder: string,
  machine: string,
  python: string,
  { run, report, signal }: FetchTools,
): Promise<string> {
  const label = requirement.name + requirement.versions;
  const unfinished = join(folder, "pip");
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  report(`${label}: downloading with pip`);
  const pip = (...extra: string[]): Promise<ProgramResult> =>
    run(
      python,
      [
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--no-input",
        "-d",
        unfinished,
        ...extra,
        label,
      ],
      signal && { signal },
    );
  let answer = await pip();
  signal?.throwIfAborted();
  // The libraries inside do not depend on the Python that a wheel is for: ask for another when this one has none.
  if (answer.status !== 0 && /no matching distribution/i.test(answer.stderr))
    answer = await pip(
      "--python-version",
      "3.12",
      "--abi",
      "cp312",
      "--platform",
      `manylinux_2_27_${machine}`,
    );
  if (answer.status !== 0) {
    if (/no space left/i.test(answer.stderr)) failNoSpace(folder);
    failInstall(
      `pip could not download ${label} (${tellingLine(answer)})`,
      "give the wheel with --wheel FILE",
    );
  }
  const file = (await readdir(unfinished)).find((name) => name.endsWith(".whl"));
  if (file === undefined)
    failInstall(`pip downloaded no wheel for ${label}`, "give the wheel with --wheel FILE");
  await rename(join(unfinished, file), join(folder, file));
  await rm(unfinished, { recursive: true, force: true });
  return join(folder, file);
}

/** Stops because the disk is full. */
export function failNoSpace(folder: string, cause?: unknown): never {
  return failInstall(
    `no space is left on the disk of ${folder}`,
    "free some, or choose a project on another disk with --dir DIR; what was downloaded is kept",
    cause,
  );
}
