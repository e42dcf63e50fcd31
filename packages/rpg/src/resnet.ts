import { checkChoice, checkInteger } from "@lab/core";
import { resnet } from "@lab/core/nn";
import { type Compressed, type CompressOptions, compress } from "./compress/index.js";

/** Options of {@link rpgResnet}. */
export interface RpgResnetOptions extends Partial<Omit<CompressOptions, "parameters">> {
  /** Layers with weights. */
  depth: 18 | 34;
  /** Outputs of the classifier. */
  classes: number;
  /** 7×7 with stride 2 and pooling, or 3×3 for small images. @defaultValue `"imagenet"` */
  stem?: "imagenet" | "cifar";
  /** Channels of the first stage. @defaultValue 64 */
  width?: number;
  /** Channels of the images. @defaultValue 3 */
  channels?: number;
  /** Numbers in the ring; the paper's one layer is 2,359,296. */
  parameters: number | "largestLayer";
}

/**
 * A residual network whose stages are generated from a ring, as in the paper: stem, norms and classifier stay free.
 *
 * @param options - See {@link RpgResnetOptions}.
 * @returns See `compress`; the caller disposes it.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks Kernels start with He's fan-out and the ring with the deviation of the authors' code.
 * @see Wang, Chen, Yu, Cheung, LeCun (2021), Recurrent Parameter Generators, section 5.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { rpgResnet } from "@lab/rpg";
 *
 * await init();
 * const net = rpgResnet({ depth: 18, classes: 10, stem: "cifar", width: 8, parameters: "largestLayer" });
 * net.report.ring; // => 36864
 * net.report.generated; // => 174336
 * ```
 */
export function rpgResnet(options: RpgResnetOptions): Compressed {
  const { depth, classes, stem, width, channels, ...rest } = options;
  checkChoice("rpgResnet", "depth", depth, [18, 34] as const);
  checkInteger("rpgResnet", "classes", classes, { min: 1 });
  const model = resnet({
    depth,
    classes,
    ...(stem === undefined ? {} : { stem }),
    ...(width === undefined ? {} : { width }),
    ...(channels === undefined ? {} : { channels }),
    ...(rest.generator === undefined ? {} : { generator: rest.generator }),
  });
  return compress(model, {
    std: "fanOut",
    ringStd: "reference",
    free: "stemAndHead",
    inPlace: true,
    ...rest,
  });
}
