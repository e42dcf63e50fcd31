import { createReadStream } from "node:fs";
import { basename, join } from "node:path";
import { createGunzip } from "node:zlib";
import { DataError } from "../../errors/index.js";
import { atomicWriteWith } from "../../io/atomic-write.node.js";

const BLOCK = 512;

/** Bytes of a stream in the amounts that are asked for. */
class Blocks {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest = new Uint8Array(0);
  offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** At most `most` bytes; none at the end. */
  async some(most: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) return this.#rest;
      this.#rest = new Uint8Array(value);
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    this.offset += piece.length;
    return piece;
  }

  /** Exactly `length` bytes, or `undefined` when there are none left. */
  async exactly(length: number, fail: () => never): Promise<Uint8Array | undefined> {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const piece = await this.some(length - at);
      if (piece.length === 0) return at === 0 ? undefined : fail();
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }
}

/**
 * Takes plain files out of a gzipped tar archive.
 *
 * @param archive - The archive.
 * @param folder - Where they go; folders inside the archive are dropped.
 * @param members - Names of the files that are taken; whatever else is in the archive is skipped.
 * @throws {@link DataError} with the offset in the unpacked archive when it is broken or a member is not in it.
 */
export async function extractMembers(
  archive: string,
  folder: string,
  members: readonly string[],
): Promise<void> {
  const file = createReadStream(archive);
  const unpacked = file.pipe(createGunzip());
  file.on("error", (error) => unpacked.destroy(error));
  const blocks = new Blocks(unpacked);
  const missing = new Set(members);
  const fail = (what: string): never => {
    throw new DataError(
      `downloadData: ${archive} ${what} at byte ${blocks.offset}; a whole tar archive was expected`,
      {
        path: archive,
        offset: blocks.offset,
      },
    );
  };
  try {
    while (missing.size > 0) {
      const head = await blocks.exactly(BLOCK, () => fail("ends"));
      if (head === undefined || head.every((byte) => byte === 0)) break;
      const text = (from: number, length: number) =>
        new TextDecoder("latin1").decode(head.subarray(from, from + length)).replace(/\0[\s\S]*$/, "");
      const size = Number.parseInt(text(124, 12).trim(), 8);
      if (!Number.isSafeInteger(size) || size < 0) fail("has a broken header");
      const name = basename(text(0, 100));
      const isFile = head[156] === 0x30 || head[156] === 0;
      if (isFile && missing.delete(name)) {
        await atomicWriteWith(join(folder, name), async (write) => {
          await take(blocks, size, write, () => fail("ends"));
        });
      } else
        await take(
          blocks,
          size,
          async () => undefined,
          () => fail("ends"),
        );
      await take(
        blocks,
        (BLOCK - (size % BLOCK)) % BLOCK,
        async () => undefined,
        () => fail("ends"),
      );
    }
    if (missing.size > 0) fail(`has no ${[...missing].join(", ")}`);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(
      `downloadData: ${archive} cannot be unpacked (${(cause as Error).message}); a gzipped tar archive was expected`,
      { path: archive, offset: blocks.offset },
      { cause },
    );
  } finally {
    file.destroy();
    unpacked.destroy();
  }
}

async function take(
  blocks: Blocks,
  length: number,
  write: (piece: Uint8Array) => Promise<void>,
  fail: () => never,
): Promise<void> {
  for (let left = length; left > 0; ) {
    const piece = await blocks.some(left);
    if (piece.length === 0) fail();
    await write(piece);
    left -= piece.length;
  }
}
