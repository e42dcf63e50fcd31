import { LabError } from "../errors/index.js";
import {
  installTensorflow,
  parseArguments,
  tensorflowStatus,
  uninstallTensorflow,
  usage,
} from "../native/index.node.js";

/**
 * Runs the program `lab-core` with the arguments of this process: 0 done, 1 failed or not installed, 2 not understood,
 * 130 interrupted.
 */
export async function runCommand(): Promise<void> {
  const report = (line: string) => console.log(line);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("interrupted")));
  try {
    const command = parseArguments(process.argv.slice(2), process.cwd());
    if (command.action === "help") console.log(usage);
    else if (command.action === "uninstall") await uninstallTensorflow({ dir: command.dir, report });
    else if (command.action === "install")
      await installTensorflow({ ...command, report, signal: stop.signal });
    else {
      const { installed, lines } = tensorflowStatus(command.dir);
      lines.forEach(report);
      process.exitCode = installed ? 0 : 1;
    }
  } catch (error) {
    if (stop.signal.aborted) {
      console.error("tensorflow install: interrupted; run the command again to go on");
      process.exitCode = 130;
      return;
    }
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = LabError.is(error) && error.code === "LAB_ARGUMENT" ? 2 : 1;
  }
}
