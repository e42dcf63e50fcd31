import { afterEach, expect, test, vi } from "vitest";
import { fromBase64, toBase64 } from "../src/network/weights.js";

afterEach(() => vi.unstubAllGlobals());

test("bytes are written the same with and without Node's codec, and come back", () => {
  // More than one piece of the plain path, and every length modulo 3.
  for (const length of [0, 1, 2, 0x8000 + 1]) {
    const whole = Uint8Array.from({ length: length + 3 }, (_, i) => (i * 37) % 256);
    const bytes = whole.subarray(3);
    const text = toBase64(bytes);
    const back = fromBase64(text);
    vi.stubGlobal("Buffer", undefined);
    const [plain, plainBack] = [toBase64(bytes), fromBase64(text)];
    vi.unstubAllGlobals();
    expect(plain).toBe(text);
    expect(back).toEqual(Uint8Array.from(bytes));
    expect(plainBack).toEqual(back);
    expect(back.byteOffset).toBe(0);
  }
});
