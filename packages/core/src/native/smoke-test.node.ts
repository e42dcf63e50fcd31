import { failInstall } from "./fail.js";
import { type RunProgram, tellingLine } from "./run-program.node.js";
import { smokeScript } from "./smoke-script.js";

/** What a freshly built binding answered. */
export interface SmokeResult {
  /** TensorFlow's version. */
  version: string;
  /** Whether it sees a GPU. */
  gpu: boolean;
  /** Largest deviation of a 48×48 product of numbers below 1 from double precision. */
  productError: number;
  /** Largest deviation of a convolution's filter gradient from double precision. */
  gradientError: number;
}

// Sums of 48 and of 16 products of numbers below 1: float32 leaves about 1e-5.
const TOLERANCE = 1e-4;

/** Loads a binding in a child process, so that a crash stays there, and checks what it computes. */
export async function smokeTest(
  packageFolder: string,
  binding: string,
  run: RunProgram,
  signal?: AbortSignal,
): Promise<SmokeResult> {
  const answer = await run(process.execPath, ["-e", smokeScript, "--", packageFolder, binding], {
    env: { TF_CPP_MIN_LOG_LEVEL: "2", NODE_OPTIONS: "" },
    ...(signal && { signal }),
  });
  signal?.throwIfAborted();
  const line = answer.stdout.trim().split("\n").at(-1) ?? "";
  if (answer.status !== 0 || !line.startsWith("{"))
    failInstall(
      `the new binding does not work (${tellingLine(answer)})`,
      "nothing was changed; what was downloaded is kept for the next attempt",
    );
  const result = JSON.parse(line) as SmokeResult;
  for (const [name, error] of [
    ["a product", result.productError],
    ["a convolution's gradient", result.gradientError],
  ] as const) {
    // NaN travels as null.
    if (typeof error !== "number" || !(error < TOLERANCE))
      failInstall(`the new binding computes ${name} with an error of ${error}`, "nothing was changed");
  }
  return result;
}
