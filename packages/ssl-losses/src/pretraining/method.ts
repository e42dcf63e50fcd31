import { ArgumentError, checkChoice, checkInteger, checkNumber } from "@lab/core";

/** Methods of {@link pretrain}. */
export type Method =
  | "simclr"
  | "dcl"
  | "dclw"
  | "moco"
  | "moco-dcl"
  | "directclr"
  | "vicreg"
  | "barlow"
  | "tcr"
  | "nmce";

/** Settings of a method's loss; those that a method does not read are refused. */
export interface MethodSettings {
  /** Temperature of the contrastive methods. @defaultValue 0.1; 0.07 for moco and moco-dcl */
  temperature?: number;
  /** σ of dclw. @defaultValue 0.5 */
  sigma?: number;
  /** Columns of the representation that enter directclr. @defaultValue a sixth, 360 of 2048 as in the paper */
  size?: number;
  /** Loss of directclr. @defaultValue `"infoNce"` */
  loss?: "infoNce" | "ntXent";
  /** Keys in the queue of moco and moco-dcl. @defaultValue 4096 */
  queueSize?: number;
  /** Momentum of their key encoder. @defaultValue 0.999 */
  momentum?: number;
  /** Weight of the off-diagonal part of barlow. @defaultValue 0.005 */
  offDiagonal?: number;
  /** Squared precision ε² of tcr and nmce. @defaultValue 0.2 */
  epsilonSquared?: number;
  /** Weight λ of the agreement of views in tcr and nmce. @defaultValue 30 */
  constraint?: number;
  /** Clusters of nmce; the last so many columns of its embedding are their logits. */
  numClusters?: number;
  /** Temperature of the memberships of nmce. @defaultValue 1 */
  gumbelTemperature?: number;
}

const READ_BY: Readonly<Record<Method, readonly (keyof MethodSettings)[]>> = {
  simclr: ["temperature"],
  dcl: ["temperature"],
  dclw: ["temperature", "sigma"],
  moco: ["temperature", "queueSize", "momentum"],
  "moco-dcl": ["temperature", "queueSize", "momentum"],
  directclr: ["temperature", "size", "loss"],
  vicreg: [],
  barlow: ["offDiagonal"],
  tcr: ["epsilonSquared", "constraint"],
  nmce: ["epsilonSquared", "constraint", "numClusters", "gumbelTemperature"],
};

/** All methods. */
export const METHODS = Object.keys(READ_BY) as readonly Method[];

const RANGES: Readonly<Record<string, { min?: number; above?: number; max?: number; isWhole?: boolean }>> = {
  temperature: { above: 0 },
  sigma: { above: 0 },
  size: { min: 1, isWhole: true },
  queueSize: { min: 1, isWhole: true },
  momentum: { min: 0, max: 1 },
  offDiagonal: { min: 0 },
  epsilonSquared: { above: 0 },
  constraint: { min: 0 },
  numClusters: { min: 2, isWhole: true },
  gumbelTemperature: { above: 0 },
};

/** Refuses settings that are out of range or that the method does not read. */
export function checkSettings(caller: string, method: Method, settings: MethodSettings): void {
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    if (!READ_BY[method].includes(name as keyof MethodSettings)) {
      throw new ArgumentError(
        `${caller}: settings holds ${name}, which ${method} does not read; it reads ${READ_BY[method].join(", ") || "none"}`,
        { argument: `settings.${name}`, value },
      );
    }
    if (name === "loss") checkChoice(caller, "settings.loss", value, ["infoNce", "ntXent"]);
    else {
      const { isWhole, ...range } = RANGES[name]!;
      (isWhole ? checkInteger : checkNumber)(caller, `settings.${name}`, value, range);
    }
  }
  if (method === "nmce" && settings.numClusters === undefined) {
    throw new ArgumentError(
      `${caller}: settings.numClusters is undefined; nmce needs the number of clusters`,
      {
        argument: "settings.numClusters",
        value: undefined,
      },
    );
  }
}
