import * as tf from "@tensorflow/tfjs-core";
import type { CheckedSpec } from "../ring-index/ring-index.js";
import type { Wiring } from "./ring-kernels.js";

/** What an index follows from, so that a shader can compute it. */
export interface IndexSource {
  spec: CheckedSpec;
  /** First position of the kernel. */
  from: number;
}

const GATHER = "LabRingShaderGather";
const SCATTER = "LabRingShaderScatter";
const WORKGROUP = 64;

// What the backend offers beyond the engine's interface.
interface WebgpuBackend {
  runWebGPUProgram(
    program: object,
    inputs: tf.TensorInfo[],
    dtype: "float32",
    uniforms: { type: "int32" | "float32"; data: number[] }[],
  ): tf.TensorInfo;
}

/** Philox, the Feistel permutation of a lap and the signs, as `ring-index` computes them. */
const INDEX = `
fn mulHigh(a : u32, b : u32) -> u32 {
  let aLow = a & 0xffffu; let aHigh = a >> 16u; let bLow = b & 0xffffu; let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let carried = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (carried >> 16u);
}
fn philox(counter : vec4<u32>) -> vec4<u32> {
  var c = counter;
  var k = vec2<u32>(bitcast<u32>(uniforms.keyLow), bitcast<u32>(uniforms.keyHigh));
  for (var round = 0; round < 10; round++) {
    c = vec4<u32>(mulHigh(0xcd9e8d57u, c.z) ^ c.y ^ k.x, 0xcd9e8d57u * c.z,
                  mulHigh(0xd2511f53u, c.x) ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k = k + vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
fn mixWord(word : u32) -> u32 {
  var h = word;
  h ^= h >> 16u; h *= 0x85ebca6bu; h ^= h >> 13u; h *= 0xc2b2ae35u;
  return h ^ (h >> 16u);
}
fn roundKeys(lap : u32, half : u32) -> vec4<u32> {
  return philox(vec4<u32>(lap, bitcast<u32>(uniforms.ringId), 0x7065726du, half));
}
fn permuted(x : u32, lap : u32) -> u32 {
  let size = u32(uniforms.ringSize / uniforms.blockSize);
  if (size == 1u) { return 0u; }
  var keys = array<vec4<u32>, 2>(roundKeys(lap, 0u), roundKeys(lap, 1u));
  let shift = u32(uniforms.rightBits);
  var value = x;
  loop {
    var left = value >> shift;
    var right = value & u32(uniforms.rightMask);
    for (var i = 0; i < 8; i += 2) {
      left ^= mixWord(right + keys[i / 4][i % 4]) & u32(uniforms.leftMask);
      right ^= mixWord(left + keys[i / 4][i % 4 + 1]) & u32(uniforms.rightMask);
    }
    value = (left << shift) | right;
    if (value < size) { break; }
  }
  return value;
}
fn inverted(y : u32, lap : u32) -> u32 {
  let size = u32(uniforms.ringSize / uniforms.blockSize);
  if (size == 1u) { return 0u; }
  var keys = array<vec4<u32>, 2>(roundKeys(lap, 0u), roundKeys(lap, 1u));
  let shift = u32(uniforms.rightBits);
  var value = y;
  loop {
    var left = value >> shift;
    var right = value & u32(uniforms.rightMask);
    for (var i = 6; i >= 0; i -= 2) {
      right ^= mixWord(left + keys[i / 4][i % 4 + 1]) & u32(uniforms.rightMask);
      left ^= mixWord(right + keys[i / 4][i % 4]) & u32(uniforms.leftMask);
    }
    value = (left << shift) | right;
    if (value < size) { break; }
  }
  return value;
}
fn isMinus(i : u32) -> bool {
  let at = u32(uniforms.signWithin) + i;
  let words = philox(vec4<u32>(u32(uniforms.signGroup) + at / 128u, bitcast<u32>(uniforms.ringId), 0x7369676eu, 0u));
  let within = at % 128u;
  return ((words[within / 32u] >> (within % 32u)) & 1u) == 1u;
}`;

interface Flags {
  isPermuted: boolean;
  isSigned: boolean;
}

const signed = (isSigned: boolean) => (isSigned ? "if (isMinus(i)) { value = -value; }" : "");

const gatherCode = ({ isPermuted, isSigned }: Flags) => `${INDEX}
fn main(index : i32) {
  if (index < uniforms.size) {
    let i = u32(index);
    let n = u32(uniforms.ringSize);
    let p = u32(uniforms.place) + i;
    let r = p % n;
    var at = r;
    ${isPermuted ? "let b = u32(uniforms.blockSize); at = b * permuted(r / b, u32(uniforms.lap) + p / n) + r % b;" : ""}
    var value = uniforms.factor * getA(i32(at));
    ${signed(isSigned)}
    setOutputAtIndex(index, value);
  }
}`;

const scatterCode = ({ isPermuted, isSigned }: Flags) => `${INDEX}
fn main(index : i32) {
  if (index < uniforms.size) {
    let n = u32(uniforms.ringSize);
    let place = u32(uniforms.place);
    let count = u32(uniforms.count);
    let laps = (place + count + n - 1u) / n;
    var sum = 0.0;
    for (var q = 0u; q < laps; q++) {
      var r = u32(index);
      ${isPermuted ? "let b = u32(uniforms.blockSize); r = b * inverted(r / b, u32(uniforms.lap) + q) + r % b;" : ""}
      let p = q * n + r;
      if (p >= place && p - place < count) {
        let i = p - place;
        var value = getA(i32(i));
        ${signed(isSigned)}
        sum += value;
      }
    }
    setOutputAtIndex(index, uniforms.factor * sum);
  }
}`;

const UNIFORMS = [
  "keyLow",
  "keyHigh",
  "ringId",
  "ringSize",
  "blockSize",
  "rightBits",
  "leftMask",
  "rightMask",
  "lap",
  "place",
  "signGroup",
  "signWithin",
  "count",
] as const;

function uniformsOf({ spec, from }: IndexSource, count: number): Record<(typeof UNIFORMS)[number], number> {
  const { size, block, key, ringId } = spec;
  const bits = Math.max(2, 32 - Math.clz32(size / block - 1));
  const leftBits = bits >> 1;
  const lap = Math.floor(from / size);
  const group = Math.floor(from / 128);
  return {
    keyLow: key[0] | 0,
    keyHigh: key[1] | 0,
    ringId: ringId | 0,
    ringSize: size,
    blockSize: block,
    rightBits: bits - leftBits,
    leftMask: 2 ** leftBits - 1,
    rightMask: 2 ** (bits - leftBits) - 1,
    lap,
    place: from - lap * size,
    signGroup: group,
    signWithin: from - 128 * group,
    count,
  };
}

/** Runs one of the two programs on the whole input. */
function runShader(
  backend: WebgpuBackend,
  kind: "gather" | "scatter",
  x: tf.TensorInfo,
  { scale, shape, ringSize, source }: Wiring,
): tf.TensorInfo {
  const { share } = source!.spec;
  const flags = {
    isPermuted: share === "rpg" || share === "permute",
    isSigned: share === "rpg" || share === "reflect",
  };
  const count = tf.util.sizeFromShape([...shape]);
  const length = kind === "gather" ? count : ringSize;
  const values = uniformsOf(source!, count);
  const program = {
    outputShape: [length],
    shaderKey: `labRing_${kind}_${flags.isPermuted}_${flags.isSigned}`,
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(length / WORKGROUP), 1, 1],
    workgroupSize: [WORKGROUP, 1, 1],
    variableNames: ["A"],
    uniforms: `${UNIFORMS.map((name) => `${name} : i32, `).join("")}factor : f32,`,
    size: true,
    getUserCode: () => (kind === "gather" ? gatherCode(flags) : scatterCode(flags)),
  };
  const flat = { ...x, shape: [tf.util.sizeFromShape(x.shape)] };
  return backend.runWebGPUProgram(program, [flat], "float32", [
    ...UNIFORMS.map((name) => ({ type: "int32" as const, data: [values[name]] })),
    { type: "float32", data: [scale] },
  ]);
}

function register(): void {
  if (tf.getKernel(GATHER, "webgpu") !== undefined) return;
  for (const [kernelName, kind] of [
    [GATHER, "gather"],
    [SCATTER, "scatter"],
  ] as const) {
    tf.registerKernel({
      kernelName,
      backendName: "webgpu",
      kernelFunc: ({ inputs, backend, attrs }) =>
        runShader(backend as WebgpuBackend, kind, inputs.x as tf.TensorInfo, attrs as unknown as Wiring),
    });
  }
}

/** Whether the shaders compute this index: on WebGPU, for all ways of sharing that have an inverse. */
export function hasShader({ source }: Pick<Wiring, "source">): boolean {
  if (source === undefined || tf.getBackend() !== "webgpu" || source.spec.share === "hashed") return false;
  register();
  return true;
}

const run = (name: string, x: tf.Tensor, wiring: Wiring): tf.Tensor =>
  tf.engine().runKernel(name, { x }, wiring as unknown as tf.NamedAttrMap) as tf.Tensor;

/** A kernel's elements; the index is computed where they are, and no buffer holds it. */
export const gatherShader = (ring: tf.Tensor, wiring: Wiring): tf.Tensor =>
  tf.reshape(run(GATHER, ring, wiring), [...wiring.shape]);

/** The ring's gradient: each element goes through the laps by the inverse permutation, so that the order is fixed. */
export const scatterShader = (gradient: tf.Tensor, wiring: Wiring): tf.Tensor =>
  run(SCATTER, gradient, wiring);
