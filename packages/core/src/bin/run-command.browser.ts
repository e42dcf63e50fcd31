import { BackendError } from "../errors/index.js";

/** The program `lab-core` needs Node. */
export async function runCommand(): Promise<void> {
  throw new BackendError("lab-core: this program needs Node; a browser was found; run it in a terminal", {
    backend: "tensorflow",
  });
}
