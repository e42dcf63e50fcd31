import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

/** A tensor and the index that names each of its axes. */
interface Term {
  tensor: TensorInfo;
  labels: number[];
}

const product = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);

/** The term with its axes in another order. */
function ordered(run: Run, { tensor, labels }: Term, order: number[]): Term {
  const perm = order.map((label) => labels.indexOf(label));
  const isSame = perm.every((axis, i) => axis === i);
  return { tensor: isSame ? tensor : run.transpose(tensor, perm), labels: order };
}

/** Sums over the axes that neither the result nor another term has. */
function reduced(run: Run, term: Term, kept: (label: number) => boolean): Term {
  const gone = term.labels.filter((label) => !kept(label));
  if (gone.length === 0) return term;
  const order = [...term.labels.filter(kept), ...gone];
  const { tensor } = ordered(run, term, order);
  const labels = order.slice(0, order.length - gone.length);
  const sum = run.call(
    "Sum",
    { x: tensor },
    { axis: gone.map((_, i) => labels.length + i), keepDims: false },
  );
  return { tensor: sum, labels };
}

/** Contracts two terms by one batched product. */
function contract(
  run: Run,
  a: Term,
  b: Term,
  kept: (label: number) => boolean,
  sizes: Map<number, number>,
): Term {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter(kept);
  const inner = shared.filter((label) => !kept(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const size = (labels: number[]) => product(labels.map((label) => sizes.get(label)!));
  const left = ordered(run, a, [...batch, ...rows, ...inner]).tensor;
  const right = ordered(run, b, [...batch, ...inner, ...columns]).tensor;
  const result = run.call(
    "BatchMatMul",
    {
      a: run.view(left, [size(batch), size(rows), size(inner)]),
      b: run.view(right, [size(batch), size(inner), size(columns)]),
    },
    { transposeA: false, transposeB: false },
  );
  const labels = [...batch, ...rows, ...columns];
  return {
    tensor: run.view(
      result,
      labels.map((label) => sizes.get(label)!),
    ),
    labels,
  };
}

/** Registers `einsum` as batched products, with sums of single indices first. */
export function registerEinsum(): void {
  registerWasmKernel("Einsum", (run, inputs, attrs) => {
    const tensors = Object.keys(inputs)
      .sort((a, b) => Number(a) - Number(b))
      .map((key) => inputs[key]!);
    const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(
      attrs.equation as string,
      tensors.length,
    );
    backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as never);
    const numOut = allDims.length - summedDims.length;
    const isOutput = (label: number) => label < numOut;
    const sizes = new Map<number, number>();
    let terms: Term[] = tensors.map((tensor, t) => {
      for (const [axis, label] of idDims[t]!.entries()) sizes.set(label, tensor.shape[axis]!);
      return { tensor, labels: [...idDims[t]!] };
    });
    const usedBy = (others: Term[]) => (label: number) =>
      isOutput(label) || others.some(({ labels }) => labels.includes(label));
    terms = terms.map((term) => reduced(run, term, usedBy(terms.filter((other) => other !== term))));
    // The engine's equations have one operand or two.
    const [first, second] = terms as [Term, Term?];
    const joined = second ? contract(run, first, second, isOutput, sizes) : first;
    const { tensor } = ordered(
      run,
      joined,
      Array.from({ length: numOut }, (_, i) => i),
    );
    // The result may share an input's memory.
    return tensors.some(({ dataId }) => dataId === tensor.dataId)
      ? run.call("Identity", { x: tensor })
      : tensor;
  });
}
