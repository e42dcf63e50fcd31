import { existsSync, statfsSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ArgumentError } from "../errors/index.js";
import { addPackage } from "./add-package.node.js";
import { compileBinding, findCompiler } from "./compile.node.js";
import { failInstall } from "./fail.js";
import { failNoSpace, fetchWheel, findPip } from "./fetch-wheel.node.js";
import {
  activeFolder,
  bindingFile,
  findPackage,
  type InstallRecord,
  type Layout,
  layoutOf,
  readRecord,
  recordFile,
  versionPrefix,
} from "./layout.node.js";
import { withLock } from "./lock.node.js";
import { type RunProgram, runProgram } from "./run-program.node.js";
import { smokeTest } from "./smoke-test.node.js";
import { recoverSwitch, removeOldVersions, switchTo } from "./switch.node.js";
import { inspectWheel, unpackWheel } from "./unpack.node.js";
import { tensorflowRequirement, tensorflowVersion, wheelMachine } from "./wheel.js";

/** What to install and where. */
export interface InstallOptions {
  /** Project folder. */
  dir: string;
  /** With the CUDA libraries. */
  gpu?: boolean;
  /** Wheels that are at hand: TensorFlow's, and those of CUDA libraries. */
  wheels?: readonly string[];
  /** Receives one line for each step. */
  report?: (line: string) => void;
  /** Stops the work; the next attempt goes on from there. */
  signal?: AbortSignal;
  /** The machine; replaced in tests. */
  machine?: Partial<Machine>;
}

/** What the installer asks of the machine. */
export interface Machine {
  /** Starts programs. */
  run: RunProgram;
  /** Environment variables. */
  environment: Readonly<Record<string, string | undefined>>;
  /** `process.platform`. */
  platform: string;
  /** `process.arch`. */
  arch: string;
  /** Bytes free on the disk of a folder. */
  freeBytes: (folder: string) => number;
}

const thisMachine: Machine = {
  run: runProgram,
  environment: process.env,
  platform: process.platform,
  arch: process.arch,
  freeBytes: (folder) => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  },
};

const MARGIN = 64 * 2 ** 20; // bytes: binding, records, and what npm adds

/** What the stage folder knows of an earlier, unfinished attempt. */
interface StageState {
  addedPackage: boolean;
  /** Names and sizes of the wheels that are unpacked completely. */
  unpacked?: string;
}

/**
 * Puts a current TensorFlow under the tfjs-node binding of a project: downloads, unpacks, compiles, tests in a child
 * process, then switches over. A previous installation works until the switch and survives any failure before it.
 *
 * @returns What is installed and how much disk it takes.
 * @throws `ArgumentError`, `BackendError` or `DataError`, each one line that says what to do.
 */
export async function installTensorflow(options: InstallOptions): Promise<InstallRecord> {
  const machine = { ...thisMachine, ...options.machine };
  const dir = resolve(options.dir);
  const architecture = wheelMachine(machine.platform, machine.arch);
  if (architecture === undefined)
    failInstall(
      `TensorFlow publishes no fitting wheel for ${machine.platform} ${machine.arch}`,
      "linux x64 or arm64 was expected; use the backend webgpu or wasm here",
    );
  if (!existsSync(join(dir, "package.json")))
    throw new ArgumentError(
      `tensorflow install: --dir is ${JSON.stringify(dir)}, which has no package.json; a project folder was expected; run \`npm init -y\` there first`,
      { argument: "--dir", value: options.dir },
    );
  for (const wheel of options.wheels ?? []) {
    if (!existsSync(wheel))
      throw new ArgumentError(
        `tensorflow install: --wheel is ${JSON.stringify(wheel)}; a file was expected`,
        {
          argument: "--wheel",
          value: wheel,
        },
      );
  }
  const compiler = await findCompiler(machine.run, machine.environment);
  try {
    return await install(options, machine, dir, architecture, compiler);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") failNoSpace(dir, error);
    throw error;
  }
}

async function install(
  options: InstallOptions,
  machine: Machine,
  dir: string,
  architecture: string,
  compiler: string,
): Promise<InstallRecord> {
  const { signal, gpu = false, wheels = [], report = () => {} } = options;
  const before = findPackage(dir);
  const { folder: packageFolder, added } = await addPackage(dir, machine.run, report, signal);
  const layout = layoutOf(packageFolder);
  return withLock(layout.lock, async () => {
    await mkdir(layout.stage, { recursive: true });
    await recoverSwitch(layout);
    const previous = readRecord(activeFolder(layout) ?? "");
    const state = await readState(layout);
    state.addedPackage ||= added || before === undefined || (previous?.addedPackage ?? false);
    await writeState(layout, state);

    const requested = wheels.length > 0 ? wheels.map((file) => basename(file)).join(" ") : tensorflowVersion;
    if (previous && previous.requested === requested && previous.gpu === gpu) {
      await smokeTest(packageFolder, join(layout.active, bindingFile), machine.run, signal);
      report(`TensorFlow ${previous.tensorflow}: already installed, and its test passes`);
      await clean(layout);
      return previous;
    }

    const files = await collectWheels(layout, { gpu, wheels, architecture, machine, report, signal });
    const unfinished = join(layout.stage, "unpacked");
    const fingerprint = files.map((file) => `${basename(file)}:${statSync(file).size}`).join(" ");
    if (state.unpacked !== fingerprint) {
      delete state.unpacked;
      await writeState(layout, state);
      await rm(unfinished, { recursive: true, force: true });
      report(`unpacking ${files.length === 1 ? basename(files[0]!) : `${files.length} wheels`}`);
      for (const file of files) await unpackWheel(file, unfinished, signal);
      state.unpacked = fingerprint;
      await writeState(layout, state);
    } else report("going on with what an earlier attempt unpacked");

    report(`compiling the binding with ${compiler}`);
    const binding = await compileBinding(compiler, packageFolder, unfinished, machine.run, signal);
    report("testing it in a child process");
    const smoke = await smokeTest(packageFolder, binding, machine.run, signal);
    if (gpu && !smoke.gpu) report("TensorFlow sees no GPU here; it will compute on the processor");

    // From here on the folder is complete but for its record; the headers were needed for compiling only.
    delete state.unpacked;
    await writeState(layout, state);
    await rm(join(unfinished, "tensorflow", "include"), { recursive: true, force: true });
    const record: InstallRecord = {
      tensorflow: smoke.version,
      requested,
      gpu,
      bytes: await folderBytes(unfinished),
      addedPackage: state.addedPackage,
    };
    await writeFile(join(unfinished, recordFile), `${JSON.stringify(record, null, 2)}\n`);
    const version = `${versionPrefix}${smoke.version}-${Date.now().toString(36)}`;
    await rename(unfinished, join(layout.lib, version));
    await switchTo(layout, version);
    await clean(layout);
    report(
      `TensorFlow ${record.tensorflow} is installed in ${packageFolder}; it takes ${megabytes(record.bytes)}`,
    );
    return record;
  });
}

interface Collecting {
  gpu: boolean;
  wheels: readonly string[];
  architecture: string;
  machine: Machine;
  report: (line: string) => void;
  signal: AbortSignal | undefined;
}

/** Paths of all wheels that the installation needs, TensorFlow's first. */
async function collectWheels(layout: Layout, wanted: Collecting): Promise<string[]> {
  const { gpu, wheels, architecture, machine, report, signal } = wanted;
  const folder = join(layout.stage, "wheels");
  await mkdir(folder, { recursive: true });
  const given = wheels.map((file) => resolve(file));
  const tensorflow = given.find((file) => basename(file).startsWith("tensorflow"));
  if (given.length > 0 && tensorflow === undefined)
    throw new ArgumentError(
      `tensorflow install: --wheel is ${JSON.stringify(wheels[0])}; a wheel of tensorflow or tensorflow-cpu was expected`,
      { argument: "--wheel", value: wheels },
    );
  const tools = { run: machine.run, environment: machine.environment, report, signal };
  let python: string | undefined | null = null; // null: not looked for yet
  const fetch = async (requirement: Parameters<typeof fetchWheel>[0]) => {
    if (python === null) python = await findPip(tools);
    return fetchWheel(requirement, folder, architecture, python, tools);
  };
  const main = tensorflow ?? (await fetch(tensorflowRequirement(gpu)));
  const { bytes, cuda } = await inspectWheel(main);
  if (machine.freeBytes(layout.lib) < bytes + MARGIN)
    failNoSpace(
      `${layout.lib} (${megabytes(bytes + MARGIN)} are needed, ${megabytes(machine.freeBytes(layout.lib))} free)`,
    );
  const files = [main];
  if (!gpu) return files;
  if (cuda.length === 0)
    failInstall(
      `${basename(main)} lists no CUDA libraries`,
      "a Linux x64 wheel of tensorflow was expected for --gpu",
    );
  for (const requirement of cuda) {
    const name = requirement.name.toLowerCase().replaceAll("-", "_");
    files.push(
      given.find((file) => basename(file).toLowerCase().startsWith(`${name}-`)) ?? (await fetch(requirement)),
    );
  }
  return files;
}

async function readState(layout: Layout): Promise<StageState> {
  try {
    return JSON.parse(await readFile(join(layout.stage, "state.json"), "utf8")) as StageState;
  } catch {
    return { addedPackage: false };
  }
}

async function writeState(layout: Layout, state: StageState): Promise<void> {
  const path = join(layout.stage, "state.json");
  await writeFile(`${path}.next`, JSON.stringify(state));
  await rename(`${path}.next`, path);
}

/** Frees the disk of everything but the installation that is switched on. */
async function clean(layout: Layout): Promise<void> {
  await removeOldVersions(layout);
  await rm(layout.stage, { recursive: true, force: true });
}

/** Bytes of all files below a folder. */
async function folderBytes(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).size;
  }
  return sum;
}

/** A size for people. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
