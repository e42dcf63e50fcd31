import { constantVelocityWorld, simulateTraffic, subsampleLog, unicycle, vectorCosts } from "@lab/ppuu";
import { evaluate } from "@lab/ppuu/evaluation";
import { renderEpisode } from "@lab/ppuu/pictures";
import { mpc } from "@lab/ppuu/planning";
import { byId, show } from "./svg.js";

/** One episode of a planner on the simulated ring. */
export async function driveEpisode(seed: number) {
  const traffic = await simulateTraffic({ seconds: 25, scenes: 1, seed, warmup: 10 });
  const policy = mpc({
    world: constantVelocityWorld(),
    ego: unicycle({ dt: 0.2 }),
    costs: vectorCosts(),
    horizon: 15,
    plan: 3,
    candidates: 4,
    iterations: 3,
    replan: 5,
    seed,
  });
  const report = await evaluate(policy, {
    log: subsampleLog(traffic, 2),
    mode: "reactive",
    episodes: 1,
    keep: 1,
    limit: 15,
    destination: 200,
    seed,
  });
  return report.episodes[0]!;
}

/** An episode that one plays, pauses and steps through. */
export function startDrivingPanel(): void {
  const canvas = byId<HTMLCanvasElement>("driving-picture");
  const context = canvas.getContext("2d")!;
  const slider = byId<HTMLInputElement>("driving-time");
  const play = byId<HTMLButtonElement>("driving-play");
  let frames: { width: number; height: number; data: Uint8ClampedArray }[] = [];
  let delayMs = 200;
  let timer: ReturnType<typeof setInterval> | undefined;

  const draw = () => {
    const frame = frames[slider.valueAsNumber];
    if (!frame) return;
    canvas.width = frame.width;
    canvas.height = frame.height;
    context.putImageData(new ImageData(new Uint8ClampedArray(frame.data), frame.width, frame.height), 0, 0);
  };
  const pause = () => {
    clearInterval(timer);
    timer = undefined;
    play.textContent = "Play";
  };
  const drive = async () => {
    pause();
    const seed = byId<HTMLInputElement>("driving-seed").valueAsNumber;
    show("driving-result", "Driving …", null);
    const episode = await driveEpisode(seed);
    const pictures = await renderEpisode(episode, { width: 640, ghost: false });
    frames = pictures.frames;
    delayMs = pictures.delayMs;
    slider.max = String(frames.length - 1);
    slider.value = "0";
    draw();
    const { outcome, distance, time } = episode;
    show(
      "driving-result",
      `Seed ${seed}: ${outcome} after ${time.toFixed(1)} s and ${distance.toFixed(1)} m. The planner's car is orange.`,
      { seed, outcome, distance, time },
    );
  };
  slider.addEventListener("input", draw);
  play.addEventListener("click", () => {
    if (timer !== undefined) return pause();
    if (slider.valueAsNumber >= frames.length - 1) slider.value = "0";
    play.textContent = "Pause";
    timer = setInterval(() => {
      slider.value = String(slider.valueAsNumber + 1);
      draw();
      if (slider.valueAsNumber >= frames.length - 1) pause();
    }, delayMs);
  });
  byId("driving-drive").addEventListener("click", () => void drive());
  void drive();
}
