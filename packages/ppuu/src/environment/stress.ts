import { ArgumentError, checkInteger, checkNumber } from "@lab/core";

/** Standard deviations of what is seen and done. */
export interface StressNoise {
  /** Metres, on the others' positions as seen. @defaultValue 0 */
  position?: number;
  /** m/s, on the others' speeds as seen. @defaultValue 0 */
  speed?: number;
  /** Share of the action limits, on the actions as executed. @defaultValue 0 */
  action?: number;
}

/** What makes driving harder; everything is drawn from the seed of the evaluation. */
export interface Stress {
  /** Leaders that brake without a reason; needs others that react. @defaultValue none */
  brake?: {
    /** Expected events per second. */
    rate: number;
    /** Deceleration in m/s². */
    strength: number;
  };
  /** A neighbour that changes into the ego's lane after 2 s; needs others that react. @defaultValue none */
  cutIn?: {
    /** Metres from the ego's front to its rear, at least. */
    gap: number;
  };
  /** Noise on what is seen and done. @defaultValue none */
  noise?: StressNoise;
  /** Steps by which actions come late. @defaultValue 0 */
  delay?: number;
  /** Standard deviations by which episodes start beside the recorded state. @defaultValue none */
  startOffset?: {
    /** Metres across the road. */
    y?: number;
    /** Radians. */
    heading?: number;
    /** m/s. */
    speed?: number;
  };
  /** Share of the other cars that are there. @defaultValue 1 */
  density?: number;
}

/** Refuses stress that is out of range or impossible in a mode. */
export function checkStress(caller: string, stress: Stress, mode: "replay" | "reactive"): Stress {
  const { brake, cutIn, noise, startOffset } = stress;
  checkInteger(caller, "stress.delay", stress.delay ?? 0, { min: 0, max: 1000 });
  checkNumber(caller, "stress.density", stress.density ?? 1, { above: 0, max: 1 });
  const numbers = {
    "brake.rate": brake?.rate,
    "brake.strength": brake?.strength,
    "cutIn.gap": cutIn?.gap,
    "noise.position": noise?.position,
    "noise.speed": noise?.speed,
    "noise.action": noise?.action,
    "startOffset.y": startOffset?.y,
    "startOffset.heading": startOffset?.heading,
    "startOffset.speed": startOffset?.speed,
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined) checkNumber(caller, `stress.${name}`, value, { min: 0 });
  }
  if (mode === "replay" && (brake || cutIn)) {
    throw new ArgumentError(
      `${caller}: stress.${brake ? "brake" : "cutIn"} is given in mode replay; there the others do what they did; mode "reactive" was expected`,
      { argument: "stress", value: stress },
    );
  }
  return stress;
}
