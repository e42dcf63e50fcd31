/** A place that holds one checkpoint. */
export interface CheckpointStore {
  /** Name for error messages. */
  name: string;
  /** The bytes last written, or `undefined` when there are none. */
  read(): Promise<Uint8Array | undefined>;
  /** Replaces the bytes as a whole: after a crash either the old or the new ones are there. */
  write(bytes: Uint8Array): Promise<void>;
}
