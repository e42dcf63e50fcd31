import { BackendError } from "../../errors/index.js";

/** A page has no temporary files. */
export class Spool {
  /** Refuses. */
  static async create(_target: string): Promise<Spool> {
    throw new BackendError("writeSafetensors: files need Node; in a page use encodeSafetensors", {
      backend: "browser",
    });
  }

  /** Never reached. */
  async write(_bytes: Uint8Array): Promise<void> {}

  /** Never reached. */
  async *pieces(): AsyncGenerator<Uint8Array> {}

  /** Never reached. */
  async remove(): Promise<void> {}
}
