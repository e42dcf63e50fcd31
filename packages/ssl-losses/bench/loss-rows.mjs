import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import { codingRateReduction, decoupledContrastive } from "@lab/ssl-losses";
import { inTurns, python, repeatsOr, row, sample } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";
import { textbookDcl } from "./textbook.mjs";

/** Pairs, and milliseconds that the bars of wasm allow. */
const BARS = { 256: 10, 1024: 100, 2048: 400, 4096: 1600 };
/** The textbook form is not run on more pairs than these: it takes seconds. */
const MOST_TEXTBOOK = 1024;

/** Value and gradients, read back. */
async function differentiate(loss, inputs) {
  const { value, grads } = tf.valueAndGrads(loss)(inputs);
  await Promise.all([value.data(), ...grads.map((grad) => grad.data())]);
  tf.dispose([value, grads]);
}

/** Rows of one backend; the bars are milliseconds on wasm, and 1.3 times PyTorch on native code. */
export async function lossRows(backend) {
  try {
    await init({ backend });
  } catch (error) {
    return { rows: [], skipped: [{ name: backend, reason: error.message }] };
  }
  const repeats = repeatsOr(9);
  const sizes = Object.keys(BARS).map(Number);
  const torch = python(new URL("torch_rivals.py", import.meta.url), [repeats, ...sizes]);
  const isNative = backend === "tensorflow";
  const rows = [];
  const add = (name, ours, milliseconds, rivalName, rival) => {
    const isFused = isNative && rivalName?.startsWith("closed form");
    const bar = isNative ? isFused && { of: "ratio", atMost: 1.3 } : { of: "ours", atMost: milliseconds };
    rows.push(row({ name, ours, rival, rivalName, ...(bar && { bar }) }));
  };
  for (const pairs of sizes) {
    const views = ["a", "b"].map((name) => new Generator(name).normal([pairs, 128]));
    const runs = { lab: () => differentiate((x, y) => decoupledContrastive(x, y), views) };
    if (pairs <= MOST_TEXTBOOK) runs.textbook = () => differentiate((x, y) => textbookDcl(x, y, 0.1), views);
    const times = await inTurns(runs, pairs > 2000 ? Math.min(3, repeats) : repeats, { warm: 8 });
    const name = `DCL and gradient, ${pairs} pairs of 128`;
    add(name, times.lab, BARS[pairs], "textbook composition, tfjs", times.textbook);
    if (torch.missing) continue;
    add(name, times.lab, BARS[pairs], "masked log-sum-exp, PyTorch", torch.masked[pairs]);
    add(name, times.lab, BARS[pairs], "closed form, PyTorch", torch.fused[pairs]);
    tf.dispose(views);
  }
  const z = tf.tidy(() => {
    const x = new Generator("z").normal([1024, 128]);
    return tf.div(x, tf.norm(x, 2, 1, true));
  });
  const membership = tf.tidy(() => tf.softmax(new Generator("pi").normal([1024, 10])));
  const reduce = () =>
    differentiate((x, pi) => tf.neg(codingRateReduction(x, pi).reduction), [z, membership]);
  add(
    "rate reduction and gradient, 1024 rows of 128, 10 clusters",
    await sample(reduce, repeats, { warm: 2 }),
    60,
    "logdet and autodiff, PyTorch",
    torch.rate,
  );
  return {
    rows,
    skipped: torch.missing ? [{ name: "PyTorch", reason: torch.missing }] : [],
    versions: torch.missing ? {} : { torch: torch.torch },
  };
}
