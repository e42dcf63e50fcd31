import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test, vi } from "vitest";
import { loadBlas } from "../../src/kernels/wasm/blas/load-blas.node.js";
import { blasProduct } from "../../src/kernels/wasm/blas/product.js";
import type { Sgemm } from "../../src/kernels/wasm/blas/sgemm.js";
import { Run, type WasmMemory } from "../../src/kernels/wasm/wasm-kernel.js";
import { Generator } from "../../src/random/index.js";
import { expectClose } from "../../src/testing/index.js";

// Needs the package koffi and a BLAS: NODE_PATH=<its node_modules> npx vitest run test/kernels/blas.test.ts
const found = await loadBlas();

/** The product by its definition. */
const plain: Sgemm = (turned, [m, n, k], a, b, c) => {
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++)
        sum += a[turned.a ? l * m + i : i * k + l]! * b[turned.b ? j * k + l : l * n + j]!;
      c[i * n + j] = sum;
    }
};

const flags = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;
const [ROWS, INNER, COLUMNS] = [130, 140, 150];

const product = (
  sgemm: Sgemm | undefined,
  a: tf.Tensor,
  b: tf.Tensor,
  transposeA: boolean,
  transposeB: boolean,
) => {
  const run = new Run(tf.backend() as unknown as WasmMemory);
  const result = blasProduct(run, sgemm, a, b, { transposeA, transposeB });
  if (result === undefined) return undefined;
  const values = run.values(result).slice();
  run.finish([]);
  return { shape: result.shape, values };
};

describe.skipIf(tf.getBackend() !== "wasm")("large products by a BLAS", () => {
  test.each([["a plain one", plain] as const, ...(found ? [["that of this machine", found] as const] : [])])(
    "%s: every combination of transposed operands is the backend's own product",
    async (_, sgemm) => {
      for (const [turnedA, turnedB] of flags) {
        const a = new Generator(1).normal(turnedA ? [1, INNER, ROWS] : [1, ROWS, INNER]);
        const b = new Generator(2).normal(turnedB ? [COLUMNS, INNER] : [INNER, COLUMNS]);
        const { shape, values } = product(sgemm, a, b, turnedA, turnedB)!;
        expect(shape).toEqual([1, ROWS, COLUMNS]);
        const own = tf.matMul(tf.squeeze(a, [0]), b, turnedA, turnedB);
        await expectClose(values, own, { relative: 1e-5, absolute: 1e-4 });
      }
    },
  );

  test("small products, batches and other types stay with the backend", () => {
    const [small, batch] = [tf.ones([8, 8]), tf.ones([2, 200, 200])];
    const whole = tf.ones([200, 200], "int32");
    for (const x of [small, batch, whole]) expect(product(plain, x, x, false, false)).toBeUndefined();
    const large = tf.ones([200, 200]);
    expect(product(undefined, large, large, false, false)).toBeUndefined();
    expect(product(plain, large, large, false, false)).toBeDefined();
  });

  test("LAB_BLAS turns it off, and a library that is not there leaves it off", async () => {
    for (const value of ["off", "no-such-library.so"]) {
      vi.stubEnv("LAB_BLAS", value);
      expect(await loadBlas()).toBeUndefined();
      vi.unstubAllEnvs();
    }
  });
});
