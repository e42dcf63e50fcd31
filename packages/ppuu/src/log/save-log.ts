import { DataError } from "@lab/core";
import { readNpz, writeNpz } from "@lab/core/io";
import { checkLog, type TrafficLog } from "./traffic-log.js";

const ARRAYS = { x: Float32Array, y: Float32Array, v: Float32Array, present: Uint8Array } as const;
const SIZES = { length: Float32Array, width: Float32Array } as const;

/**
 * Writes a log as a NumPy archive, atomically; `loadLog` and `numpy.load` read it.
 *
 * @param path - The file, `.npz`.
 * @param log - The log.
 * @throws {@link DataError} when the file cannot be written or the arrays do not fit the shape.
 */
export async function saveLog(path: string, log: TrafficLog): Promise<void> {
  checkLog("saveLog", log);
  const { dt, road, source, cars, shape } = log;
  const meta = new TextEncoder().encode(
    JSON.stringify({ version: 1, dt, road, source, ...(cars && { cars }) }),
  );
  const named = (names: object, sizes: readonly number[]) =>
    Object.keys(names).map((name) => [name, { shape: sizes, data: log[name as keyof typeof ARRAYS] }]);
  await writeNpz(
    path,
    {
      ...Object.fromEntries([...named(ARRAYS, shape), ...named(SIZES, shape.slice(1))]),
      meta: { shape: [meta.length], data: meta },
    },
    { compress: true },
  );
}

/**
 * Reads a log that `saveLog` wrote.
 *
 * @param path - The file.
 * @throws {@link DataError} when it is something else.
 */
export async function loadLog(path: string): Promise<TrafficLog> {
  const arrays = await readNpz(path);
  const meta = arrays.get("meta")?.data;
  const take = (name: string, type: Float32ArrayConstructor | Uint8ArrayConstructor) => {
    const data = arrays.get(name)?.data;
    if (data instanceof type) return data;
    throw new DataError(
      `loadLog: ${path} has no array ${name} of the right type; a file of saveLog was expected`,
      {
        path,
      },
    );
  };
  if (!(meta instanceof Uint8Array)) {
    throw new DataError(`loadLog: ${path} has no description; a file of saveLog was expected`, { path });
  }
  const { version, ...rest } = JSON.parse(new TextDecoder().decode(meta)) as { version: number } & Pick<
    TrafficLog,
    "dt" | "road" | "source"
  >;
  if (version !== 1) throw new DataError(`loadLog: ${path} has version ${version}; 1 was expected`, { path });
  const log = {
    ...rest,
    shape: arrays.get("x")?.shape as unknown as TrafficLog["shape"],
    ...Object.fromEntries(
      Object.entries({ ...ARRAYS, ...SIZES }).map(([name, type]) => [name, take(name, type)]),
    ),
  } as TrafficLog;
  return checkLog("loadLog", log);
}
