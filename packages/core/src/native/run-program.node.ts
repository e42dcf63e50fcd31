import { spawn } from "node:child_process";

/** What a program answered. */
export interface ProgramResult {
  /** Exit status; `null` when it was killed or could not be started. */
  status: number | null;
  /** Standard output. */
  stdout: string;
  /** Standard error, and the reason when it could not be started. */
  stderr: string;
}

/** Starts a program without a shell, so that paths with spaces need no quoting, and waits for it. */
export type RunProgram = (
  command: string,
  args: readonly string[],
  options?: { cwd?: string; env?: Readonly<Record<string, string | undefined>>; signal?: AbortSignal },
) => Promise<ProgramResult>;

const KEPT = 1_000_000; // characters of output that are kept; the end is what matters

/** Runs a program of the machine; never rejects. */
export const runProgram: RunProgram = (command, args, options = {}) =>
  new Promise((resolve) => {
    let stdout = "";
    let stderr = "";
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.signal && { signal: options.signal }),
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(-KEPT);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-KEPT);
    });
    child.on("error", (error) => resolve({ status: null, stdout, stderr: `${stderr}${error.message}` }));
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });

/** The line of a program's output that says most: the last one that mentions an error, else the last. */
export function tellingLine({ stdout, stderr }: ProgramResult): string {
  const lines = `${stdout}\n${stderr}`
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return (
    lines.findLast((line) => /error|cannot|not found|no space/i.test(line)) ?? lines.at(-1) ?? "no output"
  );
}
