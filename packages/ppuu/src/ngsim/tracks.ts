import { DataError } from "@lab/core";
import { USED, type UsedColumn } from "./parse-rows.js";

const slotOf = (name: UsedColumn) => USED.indexOf(name);
const [ID, FRAME, TIME, X, Y, LENGTH, WIDTH, LANE] = [
  slotOf("vehicle_id"),
  slotOf("frame_id"),
  slotOf("global_time"),
  slotOf("local_x"),
  slotOf("local_y"),
  slotOf("v_length"),
  slotOf("v_width"),
  slotOf("lane_id"),
];
/** Starts of recordings that differ by less than this many ms belong to one. */
const SAME_RECORDING = 60_000;

/** A car without interruption, in the units of the file. */
export interface Track {
  /** Number in the file. */
  id: number;
  /** Recording, from 0. */
  slot: number;
  /** First frame. */
  from: number;
  /** Front centre across the road. */
  across: GrowingFloats;
  /** Front centre along the road. */
  along: GrowingFloats;
  length: number;
  width: number;
}

/** A list of float32 numbers. */
class GrowingFloats {
  values = new Float32Array(64);
  size = 0;
  push(value: number): void {
    if (this.size === this.values.length) {
      const larger = new Float32Array(2 * this.size);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.size++] = value;
  }
}

/** Gathers rows into tracks. */
export class TrackBuilder {
  readonly tracks: Track[] = [];
  /** Rows that repeat the one before. */
  duplicates = 0;
  /** Interruptions within a car. */
  gaps = 0;
  private readonly open = new Map<number, { track: Track; last: number; x: number; y: number }>();
  private readonly starts: number[] = [];
  private readonly path: string;
  private readonly options: {
    exclude: ReadonlySet<number>;
    lanes: ReadonlySet<number> | undefined;
    from: number;
    to: number;
  };

  constructor(path: string, options: TrackBuilder["options"]) {
    this.path = path;
    this.options = options;
  }

  /** Takes one row. */
  add(row: Float64Array, line: number): void {
    const { exclude, lanes, from, to } = this.options;
    const [id, frame] = [row[ID]!, row[FRAME]!];
    if (frame < from || frame > to || exclude.has(id) || (lanes && !lanes.has(row[LANE]!))) return;
    const slot = this.recordingOf(row[TIME]! - 100 * frame);
    // Vehicle numbers begin anew in each recording.
    const key = slot * 1e7 + id;
    const known = this.open.get(key);
    if (known && frame <= known.last) {
      if (frame === known.last && row[X] === known.x && row[Y] === known.y) {
        this.duplicates++;
        return;
      }
      throw new DataError(
        `loadNgsim: line ${line} of ${this.path}: Frame_ID goes back for vehicle ${id} (${frame} after ${known.last})`,
        { path: this.path, offset: line },
      );
    }
    let track = known?.track;
    if (!track || frame !== known!.last + 1) {
      if (track) this.gaps++;
      track = {
        id,
        slot,
        from: frame,
        across: new GrowingFloats(),
        along: new GrowingFloats(),
        length: row[LENGTH]!,
        width: row[WIDTH]!,
      };
      this.tracks.push(track);
    }
    track.across.push(row[X]!);
    track.along.push(row[Y]!);
    this.open.set(key, { track, last: frame, x: row[X]!, y: row[Y]! });
  }

  private recordingOf(start: number): number {
    const index = this.starts.findIndex((known) => Math.abs(known - start) < SAME_RECORDING);
    return index >= 0 ? index : this.starts.push(start) - 1;
  }
}
