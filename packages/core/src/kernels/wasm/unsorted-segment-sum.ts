import { registerWasmKernel } from "./wasm-kernel.js";

/** Registers sums of rows by segment, the gradient of `gather`. */
export function registerUnsortedSegmentSum(): void {
  registerWasmKernel("UnsortedSegmentSum", (run, inputs, attrs) => {
    const [x, segmentIds] = [inputs.x!, inputs.segmentIds!];
    const numSegments = attrs.numSegments as number;
    const tail = x.shape.slice(segmentIds.shape.length);
    const size = tail.reduce((product, n) => product * n, 1);
    const result = run.memory.makeOutput([numSegments, ...tail], x.dtype);
    const [from, ids, to] = [run.values(x), run.values(segmentIds), run.values(result)];
    to.fill(0);
    for (let row = 0; row < ids.length; row++) {
      const segment = ids[row]!;
      if (segment < 0 || segment >= numSegments) continue; // as the engine's other backends do
      for (let i = 0; i < size; i++) to[segment * size + i]! += from[row * size + i]!;
    }
    return result;
  });
}
