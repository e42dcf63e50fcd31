import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ArgumentError, BackendError } from "../../src/errors/index.js";
import { installTensorflow } from "../../src/native/install.node.js";
import { tensorflowStatus } from "../../src/native/status.node.js";
import { uninstallTensorflow } from "../../src/native/uninstall.node.js";
import { FakeMachine, fakeWheel } from "./fake-machine.js";

let folder: string;
let fake: FakeMachine;
const lines: string[] = [];
const report = (line: string) => lines.push(line);
const install = (options: { gpu?: boolean; wheels?: string[]; signal?: AbortSignal } = {}) =>
  installTensorflow({ dir: fake.dir, report, machine: fake.machine(), ...options });
const active = (...path: string[]) => join(fake.package, "lib", "napi-v8", ...path);
const library = () => readFileSync(active("tensorflow", "libtensorflow_cc.so.2"), "utf8");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lab install "));
  fake = new FakeMachine(join(folder, "a project"));
  lines.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("an installation downloads, builds, tests and switches, and says so", async () => {
  const record = await install();
  expect(fake.calls).toEqual(["compiler version", "npm", "python", "pip", "compiler", "smoke"]);
  expect(record).toMatchObject({ tensorflow: "2.21.0", gpu: false, addedPackage: true });
  expect(record.bytes).toBeGreaterThan(20);
  expect(library()).toBe("new library");
  expect(existsSync(active("tfjs_binding.node"))).toBe(true);
  // Headers and the Python side are not kept, nor is anything of the work in between.
  expect(existsSync(active("tensorflow", "include"))).toBe(false);
  expect(existsSync(active("tensorflow", "__init__.py"))).toBe(false);
  expect(readdirSync(join(fake.package, "lib")).sort()).toEqual([readlinkSync(active()), "napi-v8"].sort());
  expect(lines.at(-1)).toMatch(/^TensorFlow 2\.21\.0 is installed in .*a project.*; it takes \d+ MB$/);
  expect(tensorflowStatus(fake.dir)).toMatchObject({ installed: true });
});

test("installing again only runs the test", async () => {
  await install();
  fake.calls.length = 0;
  await install();
  expect(fake.calls).toEqual(["compiler version", "smoke"]);
  expect(lines.at(-1)).toContain("already installed");
});

test.each(["pip", "compiler", "smoke"])(
  "killed at %s, the previous installation stays and the next attempt goes on",
  async (step) => {
    await install();
    const before = readlinkSync(active());
    writeFileSync(
      join(folder, "tensorflow_cpu-2.22.0-cp311-cp311-manylinux_2_27_x86_64.whl"),
      fakeWheel("newer"),
    );
    const wheels = [join(folder, "tensorflow_cpu-2.22.0-cp311-cp311-manylinux_2_27_x86_64.whl")];
    if (step === "pip") rmSync(active("lab-tensorflow.json")); // then the version asked for is downloaded anew
    fake.before = (program) => {
      if (program === step) throw new Error("killed");
    };
    await expect(install(step === "pip" ? {} : { wheels })).rejects.toThrow("killed");
    expect(readlinkSync(active())).toBe(before);
    expect(library()).toBe("new library");

    fake.before = () => {};
    fake.calls.length = 0;
    await install(step === "pip" ? {} : { wheels });
    expect(library()).toBe(step === "pip" ? "new library" : "newer");
    expect(readlinkSync(active())).not.toBe(before);
    if (step !== "pip") expect(lines).toContain("going on with what an earlier attempt unpacked");
  },
);

test("a download is not repeated after a failure behind it", async () => {
  fake.failing.compiler = "x.cc:1: fatal error: node_api.h: No such file";
  await expect(install()).rejects.toThrow(
    "tensorflow install: g++ could not compile the binding (x.cc:1: fatal error: node_api.h: No such file); a compiler for C++17",
  );
  expect(existsSync(active())).toBe(false);
  fake.failing = {};
  fake.calls.length = 0;
  await install();
  expect(fake.calls).not.toContain("pip");
  expect(lines).toContain("tensorflow-cpu==2.21.0: already downloaded");
  expect((await install()).addedPackage).toBe(true);
});

test("a new binding that computes wrongly is not switched on", async () => {
  await install();
  const before = readlinkSync(active());
  writeFileSync(join(folder, "tensorflow-9-cp311-cp311-linux_x86_64.whl"), fakeWheel("wrong"));
  fake.before = (program) => {
    if (program === "compiler") fake.smoke.gradientError = Number.NaN;
  };
  await expect(
    install({ wheels: [join(folder, "tensorflow-9-cp311-cp311-linux_x86_64.whl")] }),
  ).rejects.toThrow("computes a convolution's gradient with an error of");
  expect(readlinkSync(active())).toBe(before);
  fake.failing.smoke = "libtensorflow_cc.so.2: cannot open shared object file";
  await expect(
    install({ wheels: [join(folder, "tensorflow-9-cp311-cp311-linux_x86_64.whl")] }),
  ).rejects.toThrow(
    "the new binding does not work (libtensorflow_cc.so.2: cannot open shared object file); nothing was changed",
  );
});

test("aborting stops before the next step", async () => {
  const stop = new AbortController();
  fake.before = (program) => {
    if (program === "compiler") stop.abort(new Error("stopped"));
  };
  await expect(install({ signal: stop.signal })).rejects.toThrow("stopped");
  expect(existsSync(active())).toBe(false);
});

test("the binding that came with the package is kept and comes back", async () => {
  fake.addPackage();
  mkdirSync(active(), { recursive: true });
  writeFileSync(active("tfjs_binding.node"), "shipped");
  await install();
  expect(readFileSync(active("tfjs_binding.node"), "utf8")).toBe("binding");
  const run = fake.machine().run!;
  expect(await uninstallTensorflow({ dir: fake.dir, report, run })).toBe(true);
  expect(readFileSync(active("tfjs_binding.node"), "utf8")).toBe("shipped");
  expect(readdirSync(join(fake.package, "lib"))).toEqual(["napi-v8"]);
  expect(await uninstallTensorflow({ dir: fake.dir, report, run })).toBe(false);
});

test("uninstalling takes out the package that the installer had added", async () => {
  await install();
  await uninstallTensorflow({ dir: fake.dir, report, run: fake.machine().run! });
  expect(existsSync(fake.package)).toBe(false);
  expect(tensorflowStatus(fake.dir).installed).toBe(false);
});

test("a switch that was cut between its two renames is mended", async () => {
  fake.addPackage();
  mkdirSync(`${active()}.shipped`, { recursive: true });
  writeFileSync(join(`${active()}.shipped`, "tfjs_binding.node"), "shipped");
  mkdirSync(join(fake.package, "lib", "lab-2.21.0-left"), { recursive: true });
  await install();
  expect(readdirSync(join(fake.package, "lib")).sort()).toEqual(
    [readlinkSync(active()), "napi-v8", "napi-v8.shipped"].sort(),
  );
});

test("with --gpu the CUDA libraries of the metadata come along, side by side", async () => {
  fake.wheel = fakeWheel("with cuda", ["nvidia-cudnn-cu12<13.0,>=9.3", "nvidia-nccl-cu12>=2"]);
  const record = await install({ gpu: true });
  expect(record.gpu).toBe(true);
  expect(fake.calls.filter((call) => call === "pip")).toHaveLength(3);
  expect(existsSync(active("nvidia", "nvidia_cudnn_cu12", "lib", "libnvidia_cudnn_cu12.so.12"))).toBe(true);
  expect(lines).toContain("TensorFlow sees no GPU here; it will compute on the processor");
  fake.wheel = fakeWheel("without");
  await uninstallTensorflow({ dir: fake.dir, run: fake.machine().run! });
  await expect(install({ gpu: true })).rejects.toThrow("lists no CUDA libraries");
});

test("a second installation at the same time is refused, one that died is not waited for", async () => {
  fake.addPackage();
  mkdirSync(join(fake.package, "lib"), { recursive: true });
  const lock = join(fake.package, "lib", ".lab-lock");
  writeFileSync(lock, String(process.pid));
  await expect(install()).rejects.toThrow(`process ${process.pid} is installing into the same project; wait`);
  writeFileSync(lock, "999999999");
  await install();
  expect(existsSync(lock)).toBe(false);
});

test("what is missing is told in one line with what to do", async () => {
  fake.hasCompiler = false;
  await expect(install()).rejects.toThrow(
    "tensorflow install: no C++ compiler was found (g++, clang++, c++ and $CXX were tried); install one",
  );
  fake.hasCompiler = true;
  fake.hasPython = false;
  await expect(install()).rejects.toThrow(
    "tensorflow install: no Python with pip was found and no package index is configured; install python3-pip, or set PIP_INDEX_URL, or give a downloaded wheel with --wheel FILE",
  );
  fake.hasPython = true;
  fake.failing.pip =
    "ERROR: Could not find a version\nERROR: No matching distribution found for tensorflow-cpu==2.21.0";
  await expect(install()).rejects.toThrow(
    "pip could not download tensorflow-cpu==2.21.0 (ERROR: No matching distribution found for tensorflow-cpu==2.21.0); give the wheel",
  );
  // A second try asks for the wheel of another Python, whose libraries are the same.
  expect(fake.calls.filter((call) => call === "pip")).toHaveLength(2);
  fake.failing = { pip: "OSError: [Errno 28] No space left on device" };
  await expect(install()).rejects.toThrow("no space is left on the disk");
  fake.failing = { npm: "npm error 404" };
  rmSync(fake.package, { recursive: true });
  await expect(install()).rejects.toThrow("npm could not add @tensorflow/tfjs-node");
});

test("too little disk is told before anything is unpacked", async () => {
  const machine = { ...fake.machine(), freeBytes: () => 1000 };
  const attempt = installTensorflow({ dir: fake.dir, machine });
  await expect(attempt).rejects.toThrow(/no space is left on the disk of .*are needed.*; free some/);
  await expect(attempt).rejects.toBeInstanceOf(BackendError);
  expect(fake.calls).not.toContain("compiler");
});

test("a disk that fills up while unpacking gives the same line", async () => {
  fake.before = (program) => {
    if (program === "compiler") throw Object.assign(new Error("ENOSPC: write"), { code: "ENOSPC" });
  };
  await expect(install()).rejects.toThrow("no space is left on the disk");
});

test("other platforms, folders and wheels are refused", async () => {
  await expect(
    installTensorflow({ dir: fake.dir, machine: { ...fake.machine(), platform: "darwin", arch: "arm64" } }),
  ).rejects.toThrow(
    "TensorFlow publishes no fitting wheel for darwin arm64; linux x64 or arm64 was expected",
  );
  await expect(installTensorflow({ dir: folder, machine: fake.machine() })).rejects.toThrow(
    "has no package.json",
  );
  await expect(install({ wheels: ["/no/such.whl"] })).rejects.toThrow(
    '--wheel is "/no/such.whl"; a file was expected',
  );
  writeFileSync(join(folder, "numpy-2-py3-none-any.whl"), fakeWheel("x"));
  await expect(install({ wheels: [join(folder, "numpy-2-py3-none-any.whl")] })).rejects.toThrow(
    ArgumentError,
  );
  writeFileSync(join(folder, "tensorflow-2.whl"), "no zip");
  await expect(install({ wheels: [join(folder, "tensorflow-2.whl")] })).rejects.toThrow("is no zip archive");
  expect(lstatSync(active(), { throwIfNoEntry: false })).toBeUndefined();
});
