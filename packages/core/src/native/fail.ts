import { BackendError } from "../errors/index.js";

/** Refuses to go on with the installation; the message is one line that ends in what to do. */
export function failInstall(problem: string, advice: string, cause?: unknown): never {
  throw new BackendError(
    `tensorflow install: ${problem}; ${advice}`,
    { backend: "tensorflow" },
    cause === undefined ? undefined : { cause },
  );
}
