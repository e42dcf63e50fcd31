import { expect, test } from "vitest";
import { ArgumentError } from "../../src/errors/index.js";
import { parseArguments } from "../../src/native/arguments.js";
import { extraRequirements, isNeeded, meets, parseWheelName, wheelMachine } from "../../src/native/wheel.js";

test("the command line is read", () => {
  expect(parseArguments(["tensorflow", "install"], "/here")).toEqual({
    action: "install",
    dir: "/here",
    gpu: false,
    wheels: [],
  });
  expect(
    parseArguments(
      ["tensorflow", "install", "--gpu", "--wheel", "a.whl", "--dir=/x y", "--wheel=b.whl"],
      "/",
    ),
  ).toEqual({ action: "install", dir: "/x y", gpu: true, wheels: ["a.whl", "b.whl"] });
  expect(parseArguments(["tensorflow", "uninstall", "--dir", "p"], "/")).toEqual({
    action: "uninstall",
    dir: "p",
  });
  expect(parseArguments([], "/")).toEqual({ action: "help" });
  expect(parseArguments(["tensorflow", "status", "--help"], "/")).toEqual({ action: "help" });
});

test.each([
  [["torch"], 'tensorflow: command is "torch"; "tensorflow" was expected'],
  [["tensorflow"], 'command is ""; one of install, uninstall, status was expected'],
  [["tensorflow", "remove"], 'command is "remove"; one of install, uninstall, status'],
  [["tensorflow", "install", "--dir"], "--dir has no value; a path was expected"],
  [["tensorflow", "install", "--wheel", "--gpu"], "--wheel has no value"],
  [["tensorflow", "status", "--gpu"], "--gpu is not an option of status"],
  [["tensorflow", "install", "--gpu=yes"], "--gpu=yes is not an option of install"],
])("%j is refused", (argv, message) => {
  expect(() => parseArguments(argv, "/")).toThrow(message);
  expect(() => parseArguments(argv, "/")).toThrow(ArgumentError);
});

test("versions meet conditions as packages state them", () => {
  expect(meets("12.8.4.1", ">=12.5.3.2,<13.0")).toBe(true);
  expect(meets("13.0.1", "<13.0,>=12.5.3.2")).toBe(false);
  expect(meets("12.5", ">=12.5.82")).toBe(false);
  expect(meets("2.21.0", "==2.21.0")).toBe(true);
  expect(meets("2.21", "==2.21.0")).toBe(true);
  expect(meets("2.21.0rc1", ">=2.21.0")).toBe(false);
  expect(meets("2.10.0", ">2.9.1")).toBe(true);
  expect(meets("1.4.5", "~=1.4.2")).toBe(true);
  expect(meets("1.5.0", "~=1.4.2")).toBe(false);
  expect(meets("1.0", "!=1.0")).toBe(false);
  expect(meets("1.0", "")).toBe(true);
  expect(meets("1.0", "about 1")).toBe(false);
});

test("CUDA libraries come from the metadata's extra and nowhere else", () => {
  const metadata = [
    "Name: tensorflow",
    "Requires-Dist: numpy>=1.26.0",
    'Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"',
    "Requires-Dist: nvidia-nccl-cu12 (>=2.27.7) ; extra == 'and-cuda'",
    'Requires-Dist: tensorflow-io>=0.23.1; (sys_platform != "win32") and extra == "gcs-filesystem"',
    "",
    'Requires-Dist: evil; extra == "and-cuda"',
  ].join("\n");
  expect(extraRequirements(metadata, "and-cuda")).toEqual([
    { name: "nvidia-cudnn-cu12", versions: "<10.0,>=9.3.0.75" },
    { name: "nvidia-nccl-cu12", versions: ">=2.27.7" },
  ]);
});

test("names of wheels are read", () => {
  expect(parseWheelName("tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl")).toEqual({
    name: "tensorflow-cpu",
    version: "2.21.0",
    platform: "manylinux_2_27_x86_64",
  });
  expect(parseWheelName("x-1-2-cp311-cp311-any.whl")?.version).toBe("1");
  expect(parseWheelName("tensorflow-2.21.0.tar.gz")).toBeUndefined();
});

test("only what the binding needs is unpacked", () => {
  for (const name of [
    "tensorflow/libtensorflow_cc.so.2",
    "tensorflow/libtensorflow_framework.so.2",
    "tensorflow/include/tensorflow/c/c_api.h",
    "tensorflow/include/xla/tsl/c/tsl_status.h",
    "nvidia/cudnn/lib/libcudnn.so.9",
    "nvidia/cuda_nvcc/bin/ptxas",
  ])
    expect([name, isNeeded(name)]).toEqual([name, true]);
  for (const name of [
    "tensorflow/__init__.py",
    "tensorflow/python/lib_pywrap_tensorflow_common.so",
    "tensorflow/include/external/llvm/x.h",
    "nvidia/cudnn/include/cudnn.h",
    "tensorflow_cpu-2.21.0.dist-info/RECORD",
  ])
    expect([name, isNeeded(name)]).toEqual([name, false]);
});

test("only Linux has a wheel that fits the binding", () => {
  expect(wheelMachine("linux", "x64")).toBe("x86_64");
  expect(wheelMachine("linux", "arm64")).toBe("aarch64");
  expect(wheelMachine("linux", "riscv64")).toBeUndefined();
  expect(wheelMachine("darwin", "arm64")).toBeUndefined();
});
