import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine } from "../../src/native/install.node.js";
import type { ProgramResult } from "../../src/native/run-program.node.js";
import { writeZip } from "./zip-writer.js";

const good = (stdout = ""): ProgramResult => ({ status: 0, stdout, stderr: "" });
const bad = (stderr: string): ProgramResult => ({ status: 1, stdout: "", stderr });

/** The smallest archive that passes for TensorFlow's wheel; `text` is the library's content. */
export function fakeWheel(text: string, requirements: readonly string[] = []): Buffer {
  return writeZip([
    { name: "tensorflow/__init__.py", data: "never unpacked" },
    { name: "tensorflow/libtensorflow_cc.so.2", data: text },
    { name: "tensorflow/libtensorflow_framework.so.2", data: "framework" },
    { name: "tensorflow/include/tensorflow/c/c_api.h", data: "// header" },
    {
      name: "tensorflow-2.21.0.dist-info/METADATA",
      data: requirements.map((line) => `Requires-Dist: ${line}; extra == "and-cuda"\n`).join(""),
    },
  ]);
}

/** A machine of which a test decides what its programs do; `calls` lists them. */
export class FakeMachine {
  readonly calls: string[] = [];
  hasPython = true;
  hasCompiler = true;
  /** What `pip download` puts there. */
  wheel: Buffer = fakeWheel("new library");
  /** Answers of single programs instead of success. */
  failing: Partial<Record<"npm" | "pip" | "compiler" | "smoke", string>> = {};
  /** Called before a program runs; may throw, as a killed process would. */
  before: (program: string) => void = () => {};
  environment: Record<string, string | undefined> = { PIP_CONFIG_FILE: "/dev/null", HOME: "/nonexistent" };
  smoke = { version: "2.21.0", gpu: false, productError: 1e-7, gradientError: 1e-7 };

  constructor(readonly dir: string) {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "package.json"), "{}");
  }

  /** Folder of the npm package. */
  get package(): string {
    return join(this.dir, "node_modules", "@tensorflow", "tfjs-node");
  }

  /** Puts the npm package there. */
  addPackage(): void {
    mkdirSync(join(this.package, "binding"), { recursive: true });
    writeFileSync(join(this.package, "package.json"), JSON.stringify({ version: "4.22.0" }));
  }

  machine(): Partial<Machine> {
    return {
      run: async (command, args) => this.answer(command, args),
      environment: this.environment,
      platform: "linux",
      arch: "x64",
      freeBytes: () => 1e12,
    };
  }

  private answer(command: string, args: readonly string[]): ProgramResult {
    const program = this.programOf(command, args);
    this.calls.push(program);
    this.before(program);
    if (program === "python") return this.hasPython ? good("pip 26") : bad("no such file");
    if (program === "compiler version") return this.hasCompiler ? good("g++ 12") : bad("no such file");
    const failure = this.failing[program as keyof typeof this.failing];
    if (failure !== undefined) return bad(failure);
    if (program === "npm") {
      if (args[0] === "uninstall") rmSync(this.package, { recursive: true });
      else this.addPackage();
    }
    if (program === "pip") {
      const folder = args[args.indexOf("-d") + 1]!;
      const name = args.at(-1)!.split(/[=<>]/)[0]!.replaceAll("-", "_");
      const version = name.startsWith("nvidia") ? "12.9" : "2.21.0";
      writeFileSync(
        join(folder, `${name}-${version}-py3-none-manylinux_2_27_x86_64.whl`),
        name.startsWith("nvidia")
          ? writeZip([{ name: `nvidia/${name}/lib/lib${name}.so.12`, data: name }])
          : this.wheel,
      );
    }
    if (program === "compiler") {
      const output = args[args.indexOf("-o") + 1]!;
      mkdirSync(dirname(output), { recursive: true });
      writeFileSync(output, "binding");
    }
    return program === "smoke" ? good(`greeting\n${JSON.stringify(this.smoke)}\n`) : good();
  }

  private programOf(command: string, args: readonly string[]): string {
    if (args.includes("download")) return "pip";
    if (args.includes("--version")) return args.includes("pip") ? "python" : "compiler version";
    if (command === process.execPath) return "smoke";
    return command === "npm" ? "npm" : "compiler";
  }
}
