import type { Road } from "../log/road.js";
import { selectScenes, type TrafficLog } from "../log/traffic-log.js";
import { fromBase64, toBase64 } from "../network/weights.js";

/** Some scenes of a log as plain JSON. */
export interface PackedLog {
  /** Seconds from frame to frame. */
  dt: number;
  /** Frames, scenes, cars. */
  shape: [number, number, number];
  /** The road. */
  road: Road;
  /** Where the log came from. */
  source: string;
  /** Little-endian bytes of each array in base64. */
  arrays: Record<"x" | "y" | "v" | "present" | "length" | "width", string>;
}

const NAMES = ["x", "y", "v", "present", "length", "width"] as const;

/** Packs chosen scenes. */
export function packLog(log: TrafficLog, scenes: readonly number[]): PackedLog {
  const part = selectScenes(log, scenes);
  const pack = ({ buffer, byteOffset, byteLength }: Float32Array | Uint8Array) =>
    toBase64(new Uint8Array(buffer, byteOffset, byteLength));
  return {
    dt: log.dt,
    shape: [...part.shape],
    road: log.road,
    source: log.source,
    arrays: Object.fromEntries(NAMES.map((name) => [name, pack(part[name])])) as PackedLog["arrays"],
  };
}

/** The log that {@link packLog} packed. */
export function unpackLog({ dt, shape, road, source, arrays }: PackedLog): TrafficLog {
  const floats = (text: string) => new Float32Array(fromBase64(text).buffer);
  return {
    dt,
    shape,
    road,
    source,
    x: floats(arrays.x),
    y: floats(arrays.y),
    v: floats(arrays.v),
    present: fromBase64(arrays.present),
    length: floats(arrays.length),
    width: floats(arrays.width),
  };
}
