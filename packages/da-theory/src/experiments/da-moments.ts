import { checkAborted } from "@lab/core";
import type { Experiment, Row, Summary } from "@lab/core/experiment";
import type { Picture } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import { uniform } from "../distribution/distribution.js";
import { augmentedMoments } from "../moments/augmented-moments.js";
import { cutout } from "../transforms/cutout.js";
import { horizontalFlip } from "../transforms/flip.js";
import { gaussianBlur } from "../transforms/gaussian-blur.js";
import { randomResizedCrop } from "../transforms/random-resized-crop.js";
import type { RandomTransform } from "../transforms/transform.js";
import { rotate, shear, translate, zoom } from "../transforms/warps.js";
import { digits, median, pictureAt, samplesPaper } from "./pictures.js";

/** Size of the experiment. */
interface Params {
  maxNodes: number;
  repeats: number;
  samples: number;
  directions: number;
}

/** What one augmentation does to one picture. */
interface TransformResult {
  name: string;
  method: string;
  nodes: number;
  meanEstimate: number;
  traceEstimate: number;
  predicted: number;
  observed: number;
  spectrum: number[];
  mean: number[];
  sd: number[];
  directions: number[][];
}

/** One seed. */
interface Result {
  data: string;
  side: number;
  transforms: TransformResult[];
}

const TRANSFORMS: readonly (readonly [string, () => RandomTransform])[] = [
  ["translation ±3.5 px", () => translate({ x: uniform(-3.5, 3.5), y: uniform(-3.5, 3.5) })],
  ["rotation ±15°", () => rotate({ angle: uniform(-15, 15) })],
  ["shear ±0.3", () => shear({ x: uniform(-0.3, 0.3) })],
  ["zoom 0.8–1.2", () => zoom({ extent: uniform(0.8, 1.2) })],
  ["crop [0.3, 1]", () => randomResizedCrop({ scale: [0.3, 1] })],
  ["flip", () => horizontalFlip()],
  ["cutout 8 px", () => cutout({ size: 8 })],
  ["blur 0.3–2 px", () => gaussianBlur({ sd: uniform(0.3, 2) })],
];

/** Mean, spread and directions of augmented pictures in closed form, against samples. */
export const daMoments: Experiment<Params, Result> = {
  name: "da-moments",
  paper: samplesPaper,
  claim:
    "Mean and covariance of an image under common augmentations have closed forms, which samples approach as predicted.",
  estimate: { quick: 12, full: 40 },
  isMain: false,
  params: (mode) => ({
    maxNodes: mode === "quick" ? 512 : 4096,
    repeats: mode === "quick" ? 60 : 300,
    samples: 64,
    directions: 3,
  }),
  async run({ params, seed, generator, data, signal, onProgress }) {
    const set = await digits(1, seed, "train", data.dir);
    const [side, , channels] = set.shape;
    const image = tf.tensor3d(pictureAt(set, 0), [...set.shape]);
    const transforms: TransformResult[] = [];
    for (const [name, make] of TRANSFORMS) {
      checkAborted(signal);
      const t = make();
      const m = await augmentedMoments(image, t, { signal, maxNodes: params.maxNodes });
      const trace = await m.covariance.trace();
      const mean = await m.mean.data();
      const norm = Math.hypot(...mean);
      const own = generator.split(name);
      let squares = 0;
      for (let r = 0; r < params.repeats; r++) {
        checkAborted(signal);
        const error = tf.tidy(() => {
          const views = t.apply(
            tf.tile(tf.expandDims(image, 0) as tf.Tensor4D, [params.samples, 1, 1, 1]),
            t.sample(params.samples, own, set.shape),
          );
          return tf.sum(tf.square(tf.sub(tf.mean(views, 0), m.mean)));
        });
        squares += (await error.data())[0]! / params.repeats;
        error.dispose();
      }
      const k = Math.min(12, m.covariance.factor?.shape[0] ?? 12);
      const { values, images } = await m.covariance.topEigenpairs(k, { signal });
      const vectors = await images.data();
      const variances = await m.covariance.diagonal();
      const size = side * side * channels;
      transforms.push({
        name,
        method: m.error.method,
        nodes: m.error.nodes,
        meanEstimate: m.error.meanEstimate,
        traceEstimate: m.error.traceEstimate,
        predicted: Math.sqrt(trace / params.samples) / norm,
        observed: Math.sqrt(squares) / norm,
        spectrum: Array.from(values, (value) => Math.max(0, value)),
        mean: Array.from(mean),
        sd: Array.from(await variances.data(), (v) => Math.sqrt(Math.max(0, v))),
        directions: Array.from({ length: Math.min(params.directions, k) }, (_, i) =>
          Array.from(vectors.subarray(i * size, (i + 1) * size)),
        ),
      });
      tf.dispose([images, variances]);
      m.dispose();
      onProgress({ done: transforms.length, total: TRANSFORMS.length, message: name });
    }
    image.dispose();
    return { data: set.name, side, transforms };
  },
  summarise(runs): Summary {
    const all = runs.map(({ result }) => result);
    const first = all[0]!;
    const ratios = all.flatMap((r) => r.transforms.map((t) => t.observed / t.predicted));
    const ratio = median(ratios);
    const worst = Math.max(...ratios.map((r) => Math.abs(r - 1)));
    const table: Row[] = first.transforms.map((t, i) => ({
      augmentation: t.name,
      rule: t.method,
      nodes: t.nodes,
      "error of the mean": t.meanEstimate,
      "error of the trace": t.traceEstimate,
      "sampled error, predicted": t.predicted,
      "sampled error, observed": median(all.map((r) => r.transforms[i]!.observed)),
    }));
    const picture = (values: readonly number[], label: string, isSigned = false): Picture => {
      const most = Math.max(...values.map(Math.abs), 1e-12);
      return {
        width: first.side,
        height: first.side,
        channels: 1,
        data: values.map((v) => (isSigned ? 0.5 + v / (2 * most) : Math.min(1, Math.max(0, v / most)))),
        label,
      };
    };
    return {
      verdict: Math.abs(ratio - 1) <= 0.15 && worst <= 0.4 ? "reproduced" : "failed",
      measured: `observed over predicted error of sampled mean images: median ${ratio.toFixed(3)} over ${ratios.length} augmentations`,
      table,
      figures: [
        {
          kind: "image",
          title: "Mean, standard deviation and leading directions",
          caption:
            "One row for each augmentation; directions are eigenvectors of the covariance, grey is zero.",
          columns: 5,
          images: first.transforms
            .filter((t) => t.directions.length >= 3)
            .flatMap((t) => [
              picture(t.mean, t.name),
              picture(t.sd, "standard deviation"),
              ...t.directions.map((v, i) => picture(v, `direction ${i + 1}`, true)),
            ]),
        },
        {
          kind: "line",
          title: "Spectrum of the covariance",
          x: { label: "index" },
          y: { label: "eigenvalue", scale: "log" },
          series: first.transforms
            .filter((t) => t.spectrum.length > 1)
            .map((t) => ({
              name: t.name,
              x: t.spectrum.map((_, i) => i + 1),
              y: t.spectrum.map((value) => (value > 1e-9 ? value : null)),
            })),
        },
      ],
      notes: [
        `Data: one picture of ${first.data} a seed; mean of ${64} random views against the closed form, in many repetitions.`,
      ],
    };
  },
};
