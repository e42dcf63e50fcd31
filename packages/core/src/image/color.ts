/** Weights of red, green and blue in grey, those of torchvision. */
export const GREY = [0.2989, 0.587, 0.114] as const;

/** Adds `shift` turns to the hue of the pixel at `at`, in place; the formulas are torchvision's. */
export function shiftHue(pixels: Float32Array, at: number, shift: number): void {
  const r = pixels[at]!;
  const g = pixels[at + 1]!;
  const b = pixels[at + 2]!;
  const value = r > g ? (r > b ? r : b) : g > b ? g : b;
  const low = r < g ? (r < b ? r : b) : g < b ? g : b;
  const chroma = value - low;
  if (chroma === 0) return; // grey has no hue
  let hue: number;
  if (value === r) hue = (g - b) / chroma;
  else if (value === g) hue = 2 + (b - r) / chroma;
  else hue = 4 + (r - g) / chroma;
  let sixths = hue + 6 * shift;
  sixths -= 6 * Math.floor(sixths / 6);
  const sector = sixths | 0;
  const part = sixths - sector;
  const rising = low + chroma * part;
  const falling = value - chroma * part;
  switch (sector) {
    case 0:
      pixels[at] = value;
      pixels[at + 1] = rising;
      pixels[at + 2] = low;
      break;
    case 1:
      pixels[at] = falling;
      pixels[at + 1] = value;
      pixels[at + 2] = low;
      break;
    case 2:
      pixels[at] = low;
      pixels[at + 1] = value;
      pixels[at + 2] = rising;
      break;
    case 3:
      pixels[at] = low;
      pixels[at + 1] = falling;
      pixels[at + 2] = value;
      break;
    case 4:
      pixels[at] = rising;
      pixels[at + 1] = low;
      pixels[at + 2] = value;
      break;
    default:
      pixels[at] = value;
      pixels[at + 1] = low;
      pixels[at + 2] = falling;
  }
}
