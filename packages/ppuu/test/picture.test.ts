import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inflateSync } from "node:zlib";
import { ArgumentError } from "@lab/core";
import { browserPath, launchBrowser } from "@lab/tooling/page";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EpisodeResult, evaluate } from "../src/evaluation.js";
import { idmPolicy, simulateTraffic, subsampleLog } from "../src/index.js";
import {
  COLOURS,
  encodeGif,
  episodeHtml,
  renderEpisode,
  renderFrame,
  stripOf,
  toPng,
  writeGif,
  writeHtml,
  writePngs,
  writeSvg,
} from "../src/pictures.js";
import { decodeGif } from "./decode-gif.js";

let episode: EpisodeResult;
let folder: string;

beforeAll(async () => {
  const log = subsampleLog(await simulateTraffic({ seconds: 12, seed: 1, warmup: 10 }), 2);
  const report = await evaluate(idmPolicy(), {
    log,
    mode: "replay",
    episodes: 2,
    seed: 0,
    keep: 1,
    limit: 4,
  });
  episode = report.episodes[0]!;
  folder = await mkdtemp(join(tmpdir(), "lab-ppuu-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** How many pixels have about this colour. */
function count(rgb: ArrayLike<number>, channels: number, colour: readonly number[]): number {
  let found = 0;
  for (let i = 0; i < rgb.length; i += channels) {
    if (colour.every((value, c) => Math.abs(rgb[i + c]! - value) <= 8)) found++;
  }
  return found;
}

/** Pixels of a PNG file with 8-bit RGB and no interlacing, by the standard's filters. */
function decodePng(bytes: Uint8Array): { width: number; height: number; rgb: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array[] = [];
  let [width, height] = [0, 0];
  for (let at = 8; at < bytes.length; ) {
    const size = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IHDR") [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (type === "IDAT") data.push(bytes.subarray(at + 8, at + 8 + size));
    at += 12 + size;
  }
  const raw = inflateSync(Buffer.concat(data));
  const stride = 3 * width;
  const rgb = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const value = raw[y * (stride + 1) + 1 + x]!;
      const left = x >= 3 ? rgb[y * stride + x - 3]! : 0;
      const up = y > 0 ? rgb[(y - 1) * stride + x]! : 0;
      const corner = x >= 3 && y > 0 ? rgb[(y - 1) * stride + x - 3]! : 0;
      const p = left + up - corner;
      const [pa, pb, pc] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
      const paeth = pa <= pb && pa <= pc ? left : pb <= pc ? up : corner;
      const predicted = [0, left, up, (left + up) >> 1, paeth][filter]!;
      rgb[y * stride + x] = (value + predicted) & 255;
    }
  }
  return { width, height, rgb };
}

describe("renderEpisode", () => {
  test("a GIF has all moments, their delay and size, and the colours of the ego and the others", async () => {
    const pictures = await renderEpisode(episode, { width: 320 });
    const path = join(folder, "episode.gif");
    await writeGif(path, pictures);
    const gif = decodeGif(await readFile(path));
    expect(gif.frames).toHaveLength(episode.recording!.frames.length);
    expect([gif.width, gif.height]).toEqual([320, pictures.frames[0]!.height]);
    for (const { delayMs, rgb } of gif.frames) {
      expect(delayMs).toBe(200);
      expect(count(rgb, 3, COLOURS.ego)).toBeGreaterThan(20);
      expect(count(rgb, 3, COLOURS.car)).toBeGreaterThan(20);
    }
    expect(gif.frames[0]!.rgb).not.toEqual(gif.frames.at(-1)!.rgb);
  });

  test("PNG files and a strip hold the drawn pixels", async () => {
    const [frame] = (await renderEpisode(episode, { width: 200, every: 5 })).frames;
    const files = await renderEpisode(episode, { width: 200, every: 5, format: "png" });
    const paths = await writePngs(join(folder, "pngs"), files);
    expect(paths).toHaveLength(Math.ceil(episode.recording!.frames.length / 5));
    const png = decodePng(await readFile(paths[0]!));
    expect([png.width, png.height]).toEqual([frame!.width, frame!.height]);
    const drawn = frame!.data.filter((_, i) => i % 4 !== 3);
    expect(Buffer.from(png.rgb).equals(Buffer.from(drawn))).toBe(true);
    const strip = stripOf([frame!, frame!]);
    expect(decodePng(toPng(strip)).height).toBe(2 * frame!.height + 6);
  });

  test("an SVG has one shape for each car, the ego turned by its heading", async () => {
    const { frames } = await renderEpisode(episode, { format: "svg", every: 10 });
    const document = frames[0]!;
    expect(document.match(/class="car"/g)).toHaveLength(episode.recording!.frames[0]!.cars.length);
    expect(document.match(/class="ego"/g)).toHaveLength(1);
    expect(document.match(/<(rect|svg)\b/g)!.length).toBe(document.match(/\/>|<\/svg>/g)!.length);
    await writeSvg(join(folder, "episode.svg"), { frames, delayMs: 2000 });
    const text = await readFile(join(folder, "episode.svg"), "utf8");
    expect(text.match(/<svg/g)).toHaveLength(frames.length + 1);
  });

  test("the mask tints the road ahead, and a collision is marked", () => {
    const { road, size, frames } = episode.recording!;
    const picture = { frame: frames[0]!, road, size };
    const plain = renderFrame(picture, { width: 320, ghost: false });
    const tinted = renderFrame(picture, { width: 320, ghost: false, masks: true });
    expect(count(tinted.data, 4, COLOURS.road)).toBeLessThan(count(plain.data, 4, COLOURS.road));
    const marked = renderFrame({ ...picture, outcome: "ahead" }, { width: 320 });
    expect(count(marked.data, 4, COLOURS.mark)).toBeGreaterThan(10);
    expect(count(plain.data, 4, COLOURS.mark)).toBe(0);
  });

  test("an episode that was not kept is refused, and so are frames of two sizes", async () => {
    const { recording: _, ...bare } = episode;
    await expect(renderEpisode(bare)).rejects.toThrow(ArgumentError);
    const { road, size, frames } = episode.recording!;
    const of = (width: number) => renderFrame({ frame: frames[0]!, road, size }, { width });
    expect(() => encodeGif([of(100), of(120)])).toThrow("2 of 2 sizes");
  });
});

describe("episodeHtml", () => {
  test("data cannot end the script", () => {
    expect(episodeHtml(episode, { title: "<b>&</b>" })).toContain("<title>&lt;b&gt;&amp;&lt;/b&gt;</title>");
  });

  test.skipIf(!browserPath)(
    "plays, pauses, steps and follows a car in a browser (skipped where no Chromium is installed)",
    async () => {
      const path = join(folder, "episode.html");
      await writeHtml(path, episode);
      const browser = await launchBrowser(["--disable-gpu"]);
      try {
        const page = await browser.newPage({ viewport: { width: 900, height: 600 } });
        const errors: string[] = [];
        page.on("pageerror", (error) => errors.push(error.message));
        await page.goto(pathToFileURL(path).href);
        const frame = async () => Number(await page.locator("body").getAttribute("data-frame"));
        expect(await frame()).toBe(0);
        await page.getByLabel("One step forward").click();
        await page.getByLabel("One step forward").click();
        expect(await frame()).toBe(2);
        await page.getByLabel("One step back").click();
        expect(await frame()).toBe(1);
        await page.getByRole("button", { name: "Play" }).click();
        await page.waitForFunction(() => Number(document.body.dataset.frame) >= 4);
        await page.getByRole("button", { name: "Pause" }).click();
        const paused = await frame();
        await page.waitForTimeout(450);
        expect(await frame()).toBe(paused);
        // A click on the nearest car ahead follows it: the picture and the speed shown become that car's.
        const { ego, cars } = episode.recording!.frames[paused]!;
        const target = cars.reduce((best, car) =>
          Math.abs(car[1]! - ego[0]!) < Math.abs(best[1]! - ego[0]!) ? car : best,
        );
        const box = (await page.locator("#view").boundingBox())!;
        const scale = box.width / 100;
        await page.mouse.click(box.x + (target[1]! - ego[0]! + 40) * scale, box.y + (target[2]! + 2) * scale);
        expect(await page.locator("#follow").inputValue()).toBe(String(target[0]));
        await expect
          .poll(() => page.locator("#status").textContent())
          .toContain(`${target[3]!.toFixed(1)} m/s`);
        await page.locator("#follow").selectOption("ego");
        await page.locator("#time").fill(String(episode.recording!.frames.length - 1));
        await expect.poll(() => page.locator("#status").textContent()).toContain(episode.outcome);
        expect(errors).toEqual([]);
      } finally {
        await browser.close();
      }
    },
  );
});
