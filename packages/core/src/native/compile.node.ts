import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { failInstall } from "./fail.js";
import { bindingFile } from "./layout.node.js";
import { type RunProgram, tellingLine } from "./run-program.node.js";

/** Folder of Node's own C headers, from the npm package that core depends on. */
export function nodeHeaders(): string {
  const manifest = createRequire(import.meta.url).resolve("node-api-headers/package.json");
  return join(dirname(manifest), "include");
}

/** A C++ compiler that answers. */
export async function findCompiler(
  run: RunProgram,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  for (const compiler of [environment.CXX, "g++", "clang++", "c++"]) {
    if (compiler && (await run(compiler, ["--version"])).status === 0) return compiler;
  }
  failInstall(
    "no C++ compiler was found (g++, clang++, c++ and $CXX were tried)",
    "install one, such as `apt-get install g++`, and run the command again",
  );
}

/**
 * Compiles the two files of the npm package, as they are, against the headers and libraries in `folder`.
 *
 * @param folder - Holds `tensorflow/` with libraries and headers; the binding is written into it and finds its
 *   libraries relative to itself.
 * @returns Path of the binding.
 */
export async function compileBinding(
  compiler: string,
  packageFolder: string,
  folder: string,
  run: RunProgram,
  signal?: AbortSignal,
): Promise<string> {
  const sources = join(packageFolder, "binding");
  const output = join(folder, bindingFile);
  const answer = await run(
    compiler,
    [
      ...["-O2", "-std=c++17", "-shared", "-fPIC", "-DNAPI_VERSION=8"],
      `-I${nodeHeaders()}`,
      `-I${join(folder, "tensorflow", "include")}`,
      join(sources, "tfjs_backend.cc"),
      join(sources, "tfjs_binding.cc"),
      ...["-o", output],
      `-L${join(folder, "tensorflow")}`,
      "-l:libtensorflow_cc.so.2",
      "-l:libtensorflow_framework.so.2",
      "-Wl,-rpath,$ORIGIN/tensorflow",
    ],
    signal && { signal },
  );
  signal?.throwIfAborted();
  if (answer.status !== 0)
    failInstall(
      `${compiler} could not compile the binding (${tellingLine(answer)})`,
      "a compiler for C++17 was expected, such as g++ 9 or newer; set CXX to one",
    );
  return output;
}
