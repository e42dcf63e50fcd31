import { DataError } from "@lab/core";
import type { PointSource, SourceAddress } from "./points.js";

const SIZE = { float32: 4, float64: 8, uint8: 1 } as const;

/** Rows of a file of fixed-size records, read at their places: nothing but the rows asked for is in memory. */
export function fileSource(address: SourceAddress): PointSource {
  const { path, shape, dtype, offset } = address;
  const [n, d] = shape;
  const rowBytes = d * SIZE[dtype];
  const read = async (start: number, count: number): Promise<Uint8Array> => {
    const { open } = await import("node:fs/promises");
    const file = await open(path, "r");
    try {
      const bytes = new Uint8Array(count * rowBytes);
      let done = 0;
      while (done < bytes.length) {
        const at = offset + start * rowBytes + done;
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, at);
        if (bytesRead === 0) {
          throw new DataError(
            `fileSource: ${path} ends at byte ${at}; ${n} rows of ${rowBytes} bytes were expected`,
            { path, offset: at },
          );
        }
        done += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  };
  const view = (bytes: Uint8Array): ArrayLike<number> =>
    dtype === "uint8"
      ? bytes
      : dtype === "float32"
        ? new Float32Array(bytes.buffer)
        : new Float64Array(bytes.buffer);
  return {
    shape: [n, d],
    dtype,
    address,
    chunk: async (start, count) => view(await read(start, count)),
    rows: async (index) => {
      const out = new Float64Array(index.length * d);
      for (const [k, i] of index.entries()) out.set(Float64Array.from(view(await read(i, 1))), k * d);
      return out;
    },
  };
}

/**
 * Rows of a `.npy` file in C order, of type float32, float64 or uint8; read in pieces.
 *
 * @throws `DataError` when the header says anything else.
 */
export async function npySource(path: string): Promise<PointSource> {
  const head = await readHead(path, 65_536);
  const isNpy = head[0] === 0x93 && String.fromCharCode(...head.subarray(1, 6)) === "NUMPY";
  if (!isNpy)
    throw new DataError(`npySource: ${path} is no npy file; the npy magic was expected`, { path, offset: 0 });
  const view = new DataView(head.buffer, head.byteOffset);
  const start = head[6] === 1 ? 10 : 12;
  const length = head[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = String.fromCharCode(...head.subarray(start, start + length));
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? "";
  const dtype = ({ "<f4": "float32", "<f8": "float64", "|u1": "uint8" } as const)[type];
  const sizes = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").filter((s) => s.trim() !== "");
  if (dtype === undefined || sizes.length < 2 || header.includes("'fortran_order': True")) {
    throw new DataError(
      `npySource: ${path} has header ${header.trim()}; C order, two or more axes and type <f4, <f8 or |u1 were expected`,
      { path, offset: start },
    );
  }
  const [n, ...rest] = sizes.map(Number) as [number, ...number[]];
  const d = rest.reduce((a, b) => a * b, 1);
  return fileSource({ format: "npy", path, shape: [n, d], dtype, offset: start + length });
}

/**
 * Rows of an IDX file of unsigned bytes, such as the unpacked images of MNIST; read in pieces.
 *
 * @throws `DataError` when the header says anything else.
 */
export async function idxSource(path: string): Promise<PointSource> {
  const head = await readHead(path, 64);
  const numAxes = head[3] ?? 0;
  if (head[0] !== 0 || head[1] !== 0 || head[2] !== 8 || numAxes < 2) {
    throw new DataError(
      `idxSource: ${path} begins with bytes ${Array.from(head.subarray(0, 4)).join(" ")}; 0 0 8 and two or more axes were expected; unpack gzipped files first`,
      { path, offset: 0 },
    );
  }
  const view = new DataView(head.buffer, head.byteOffset);
  const axes = Array.from({ length: numAxes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const d = axes.slice(1).reduce((a, b) => a * b, 1);
  return fileSource({ format: "idx", path, shape: [axes[0]!, d], dtype: "uint8", offset: 4 + 4 * numAxes });
}

async function readHead(path: string, bytes: number): Promise<Uint8Array> {
  const { open } = await import("node:fs/promises");
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new DataError(
      `readHead: ${path} cannot be opened; a readable file was expected`,
      { path },
      { cause },
    );
  });
  try {
    const head = new Uint8Array(bytes);
    const { bytesRead } = await file.read(head, 0, bytes, 0);
    return head.slice(0, bytesRead);
  } finally {
    await file.close();
  }
}

export { type CsvSourceOptions, csvSource } from "./csv-source.js";
