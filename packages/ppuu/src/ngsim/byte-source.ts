import { ArgumentError, DataError } from "@lab/core";
import { nodeModule } from "@lab/core/io";

/** Chunks of bytes of a file, a stream or a blob, and a name for messages. */
export function byteSource(source: string | ReadableStream<Uint8Array> | Blob): {
  name: string;
  size: number | undefined;
  chunks: AsyncIterable<Uint8Array>;
} {
  if (typeof source === "string") return { name: source, size: undefined, chunks: fileChunks(source) };
  if (typeof Blob !== "undefined" && source instanceof Blob) {
    return { name: "blob", size: source.size, chunks: streamChunks(source.stream()) };
  }
  if (source && "getReader" in source) {
    return { name: "stream", size: undefined, chunks: streamChunks(source) };
  }
  throw new ArgumentError(
    `loadNgsim: source is ${String(source)}; a path, a ReadableStream or a Blob was expected`,
    { argument: "source", value: source },
  );
}

async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  const { createReadStream } = nodeModule<typeof import("node:fs")>("node:fs", "loadNgsim");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) yield chunk as Uint8Array;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`loadNgsim: ${path} cannot be read (${reason})`, { path }, { cause });
  }
}

async function* streamChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
