import { createRequire } from "node:module";
import { join } from "node:path";
import type { Sgemm } from "./sgemm.js";

/** What is used of the package `koffi`. */
interface Koffi {
  load(path: string): { func(prototype: string): (...values: unknown[]) => unknown };
}

/** The foreign-function package; who wants a BLAS installs it. */
const PACKAGE = "koffi";

const libraries: Readonly<Record<string, readonly string[]>> = {
  linux: ["libopenblas.so.0", "libopenblas.so", "libmkl_rt.so.2", "libmkl_rt.so"],
  darwin: ["/System/Library/Frameworks/Accelerate.framework/Accelerate", "libopenblas.dylib"],
  win32: ["libopenblas.dll", "mkl_rt.2.dll"],
};

const PROTOTYPE =
  "void cblas_sgemm(int order, int turnedA, int turnedB, int m, int n, int k, float alpha, void *a, int lda, void *b, int ldb, float beta, void *c, int ldc)";
const [ROW_MAJOR, PLAIN, TURNED] = [101, 111, 112];

/** The foreign-function package of the user's project, or one beside core. */
function findKoffi(): Koffi | undefined {
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      return createRequire(from)(PACKAGE) as Koffi;
    } catch {
      // Not there, or not for this platform: products then stay with the backend.
    }
  }
  return undefined;
}

function productOf(koffi: Koffi, library: string): Sgemm | undefined {
  try {
    const call = koffi.load(library).func(PROTOTYPE);
    const product: Sgemm = (turned, [m, n, k], a, b, c) => {
      const [turnedA, turnedB] = [turned.a ? TURNED : PLAIN, turned.b ? TURNED : PLAIN];
      call(ROW_MAJOR, turnedA, turnedB, m, n, k, 1, a, turned.a ? m : k, b, turned.b ? k : n, 0, c, n);
    };
    return isRight(product) ? product : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a library does what its name promises: one with wider integers, say, would not. */
function isRight(product: Sgemm): boolean {
  const c = new Float32Array(4);
  product(
    { a: false, b: true },
    [2, 2, 3],
    Float32Array.of(1, 2, 3, 4, 5, 6),
    Float32Array.of(1, 0, 2, 0, 1, 1),
    c,
  );
  return String(c) === "7,5,16,11";
}

/**
 * The product of a BLAS of this machine, called on the heap of the wasm backend; `undefined` where the package `koffi`
 * or a library is missing, or `LAB_BLAS` is `off`. `LAB_BLAS` may also name the library.
 */
export async function loadBlas(): Promise<Sgemm | undefined> {
  const wanted = process.env.LAB_BLAS;
  if (wanted === "off") return undefined;
  const koffi = findKoffi();
  if (koffi === undefined) return undefined;
  for (const library of wanted ? [wanted] : (libraries[process.platform] ?? [])) {
    const product = productOf(koffi, library);
    if (product) return product;
  }
  return undefined;
}
