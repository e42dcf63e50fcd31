import { glyphs } from "@lab/core/data";
import { affine, augmentedMomentsHost, uniform } from "@lab/da-theory";
import { byId, show } from "./svg.js";

const SIDE = 28;
const PICTURES = ["image", "mean", "deviation", "first", "second", "third"] as const;

/** Strengths of the augmentation, each the half width of a uniform law. */
export interface Strengths {
  /** Pixels. */
  shift: number;
  /** Degrees. */
  angle: number;
}

/** Exact moments of one drawn figure under random shift and rotation. */
export async function momentsOf(figure: number, { shift, angle }: Strengths) {
  const { x, labels } = glyphs({ count: 10, seed: 3 }).arrays();
  const image = x.subarray(labels.indexOf(figure) * SIDE ** 2, (labels.indexOf(figure) + 1) * SIDE ** 2);
  const spread = (width: number) => (width > 0 ? uniform(-width, width) : undefined);
  const laws = { angle: spread(angle), translateX: spread(shift), translateY: spread(shift) };
  const given = Object.fromEntries(Object.entries(laws).filter(([, law]) => law));
  const { mean, covariance } = await augmentedMomentsHost(image, [SIDE, SIDE, 1], affine(given));
  const { values, vectors } = await covariance.topEigenpairs(3);
  return {
    image,
    mean,
    deviation: covariance.diagonal().map(Math.sqrt),
    trace: covariance.trace(),
    values,
    vectors,
  };
}

/** Brightness for pictures; blue below and orange above zero for directions. */
function paint(id: string, values: ArrayLike<number>, isSigned: boolean): void {
  const canvas = byId<HTMLCanvasElement>(`moments-${id}`);
  const pixels = new ImageData(SIDE, SIDE);
  const most = isSigned ? Math.max(1e-9, ...Array.from(values, Math.abs)) : 1;
  for (let i = 0; i < SIDE * SIDE; i++) {
    const value = values[i]! / most;
    const [red, green, blue] = isSigned
      ? [
          255 * (value > 0 ? 1 : 1 + value),
          255 * (1 - Math.abs(value) * 0.45),
          255 * (value < 0 ? 1 : 1 - value),
        ]
      : [255 * value, 255 * value, 255 * value];
    pixels.data.set([red!, green!, blue!, 255], 4 * i);
  }
  canvas.width = SIDE;
  canvas.height = SIDE;
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
}

/** Sliders for an augmentation, and what it does to a picture, exactly and without sampling. */
export function startMomentsPanel(): void {
  const inputs = ["shift", "angle", "figure"].map((name) => byId<HTMLInputElement>(`moments-${name}`));
  let latest = 0;
  const draw = async () => {
    const turn = ++latest;
    const [shift, angle, figure] = inputs.map((input) => input.valueAsNumber) as [number, number, number];
    const { image, mean, deviation, trace, values, vectors } = await momentsOf(figure, { shift, angle });
    if (turn !== latest) return; // the sliders have moved on
    const direction = (k: number) => vectors.subarray(k * SIDE ** 2, (k + 1) * SIDE ** 2);
    const pictures = [image, mean, deviation, direction(0), direction(1), direction(2)];
    for (const [i, id] of PICTURES.entries()) paint(id, pictures[i]!, i > 2);
    const shares = [...values].map((value) =>
      trace > 0 ? `${((100 * value) / trace).toFixed(0)} %` : "0 %",
    );
    show(
      "moments-result",
      `Shift up to ${shift} px, rotation up to ${angle}°: total variance ${trace.toFixed(2)}; the three directions hold ${shares.join(", ")} of it.`,
      { figure, shift, angle, trace, values: [...values] },
    );
  };
  for (const input of inputs) input.addEventListener("input", () => void draw());
  void draw();
}
