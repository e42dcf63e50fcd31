import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { encodePng } from "../../src/plot/index.js";

test("the pixels come back from the file, clipped and rounded", () => {
  const png = encodePng({ width: 2, height: 2, channels: 1, data: [0, 0.5, 2, -1] });
  const view = new DataView(png.buffer);
  expect([view.getUint32(16), view.getUint32(20)]).toEqual([2, 2]);
  const length = view.getUint32(33);
  expect([...inflateSync(png.subarray(41, 41 + length))]).toEqual([0, 0, 128, 0, 255, 0]);
});

test("every chunk carries its checksum", () => {
  const png = encodePng({ width: 1, height: 1, channels: 3, data: [1, 0, 0] });
  expect(Buffer.from(png.subarray(-12)).toString("hex")).toBe("0000000049454e44ae426082"); // IEND as in every PNG file
});

test("data that do not fill the picture are refused with both counts", () => {
  expect(() => encodePng({ width: 2, height: 2, channels: 3, data: [0] })).toThrow(
    "encodePng: data holds 1 values; 2*2*3 = 12 were expected",
  );
});
