/** Backends that `init` knows. */
export type BackendName = "tensorflow" | "webgpu" | "wasm" | "cpu";

/** What computes now. */
export interface DeviceInfo {
  /** The engine's backend. */
  backend: BackendName;
  /** Whether a GPU computes. */
  kind: "gpu" | "cpu";
  /** Name of the device, such as the adapter's or the processor's. */
  name: string;
  /** Version of the library that computes. */
  version: string;
  /** Threads it may use; `undefined` where that is not known. */
  threads: number | undefined;
  /** Whether results can be read synchronously on this backend. */
  syncRead: boolean;
}

/** Whether a backend could be used here, and if not, why and what would change it. */
export interface BackendProbe {
  /** The backend. */
  backend: BackendName;
  /** Whether `init({ backend })` would succeed. */
  usable: boolean;
  /** Device behind it, when usable. */
  device?: DeviceInfo;
  /** Why it is not usable. */
  reason?: string;
  /** The exact command that would make it usable. */
  fix?: string;
  /** Speed of a 512×512 float32 product in GFLOP/s, when `measure` was asked for. */
  gflops?: number;
}

/** How one backend is brought up. */
export interface BackendLoader {
  /** The backend. */
  readonly name: BackendName;
  /** The command that makes the backend usable where it is not. */
  readonly fix: string;
  /**
   * Imports and starts the backend under the engine's name `engineName`.
   * Rejects with the reason when that cannot be done; never falls back.
   */
  load(): Promise<LoadedBackend>;
}

/** A backend that is registered with the engine. */
export interface LoadedBackend {
  /** Name under which the engine knows it. */
  engineName: string;
  /** What it computes on; asked for after the engine has switched to it. */
  describe(): DeviceInfo;
}
