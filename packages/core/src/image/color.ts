/** Weights of red, green and blue in grey, those of torchvision. */
export const GREY = [0.2989, 0.587, 0.114] as const;

/** Share of the chroma by which a channel lies below the value, for a hue in sixths plus 5, 3 or 1, modulo 6. */
function below(k: number): number {
  return Math.max(0, Math.min(k, 4 - k, 1));
}

/**
 * Adds `shift` turns to the hues of pixels, in place; the conversion is torchvision's.
 *
 * Written without branches where that is possible: on noisy pictures a wrong guess costs more than the arithmetic.
 */
export function shiftHues(pixels: Float32Array, shift: number): void {
  const turn = 6 * (shift - Math.floor(shift)) + 6; // keeps every hue, at least -1 sixths, above 0
  for (let i = 0; i < pixels.length; i += 3) {
    const r = pixels[i]!;
    const g = pixels[i + 1]!;
    const b = pixels[i + 2]!;
    const value = Math.max(r, g, b);
    const chroma = value - Math.min(r, g, b);
    if (chroma === 0) continue; // grey has no hue
    const sixths = value === r ? g - b : value === g ? b - r + 2 * chroma : r - g + 4 * chroma;
    let hue = sixths / chroma + turn;
    hue -= 6 * Math.floor(hue / 6);
    pixels[i] = value - chroma * below(hue < 1 ? hue + 5 : hue - 1);
    pixels[i + 1] = value - chroma * below(hue < 3 ? hue + 3 : hue - 3);
    pixels[i + 2] = value - chroma * below(hue < 5 ? hue + 1 : hue - 5);
  }
}
