import { type CheckedSpec, fillIndex } from "../ring-index/ring-index.js";
import { joinIndex, splitIndex } from "./explicit-index.js";
import type { Placed } from "./placement.js";
import { DeviceIndex, type Wiring } from "./ring-kernels.js";

/** Elements from which on indices are computed in each pass. */
const CACHE_LIMIT = 64 * 2 ** 20;

/** Where a generator keeps or computes the packed indices of its targets. */
export class TargetIndices {
  private readonly isThin: boolean;
  private replaced = false;
  private readonly kept = new Map<string, Int32Array>();
  private readonly onDevice = new Map<string, DeviceIndex>();

  constructor(
    private readonly spec: CheckedSpec,
    private readonly placed: ReadonlyMap<string, Placed>,
    private readonly memory: "auto" | "cached" | "thin",
  ) {
    const total = [...placed.values()].reduce((sum, { count }) => sum + count, 0);
    this.isThin = memory === "thin" || (memory === "auto" && total > CACHE_LIMIT);
  }

  /** The packed index of a target. */
  of({ name, count, from }: Placed): Int32Array {
    const kept = this.kept.get(name);
    if (kept) return kept;
    const packed = new Int32Array(count);
    fillIndex(this.spec, from, packed);
    if (!this.isThin) this.kept.set(name, packed);
    return packed;
  }

  /** Whether the indices do not follow from the seed. */
  get isExplicit(): boolean {
    return this.replaced;
  }

  /** All targets one after the other, where they do not follow from the seed. */
  explicit(): Int32Array | undefined {
    if (!this.replaced) return undefined;
    return joinIndex([...this.placed.values()].map((target) => this.of(target)));
  }

  /** Replaces what follows from the seed. */
  use(packed: Int32Array): void {
    for (const [name, part] of splitIndex(packed, this.placed.values(), this.spec.size))
      this.kept.set(name, part);
    this.replaced = true;
    this.forgetDevice();
  }

  /** What generating a target needs. */
  wiring(target: Placed): Wiring {
    const { name, scale, shape, from } = target;
    const device = this.isThin ? undefined : (this.onDevice.get(name) ?? new DeviceIndex());
    if (device) this.onDevice.set(name, device);
    const mayCompute = !this.replaced && this.memory !== "cached";
    const source = mayCompute ? { spec: this.spec, from } : undefined;
    const index = () => this.of(target);
    return {
      // Where a shader computes the index, nobody asks for it.
      get packed() {
        return index();
      },
      ...{ scale, ringSize: this.spec.size, shape, device, source },
    };
  }

  private forgetDevice(): void {
    for (const index of this.onDevice.values()) index.dispose();
    this.onDevice.clear();
  }

  /** Frees all that is kept. */
  dispose(): void {
    this.forgetDevice();
    this.kept.clear();
  }
}
