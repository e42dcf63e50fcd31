import { findData, glyphs, optdigits } from "@lab/core/data";
import type { Generator } from "@lab/core/random";

const SIZE = 8;

/** Pictures of 8 × 8 pixels with their classes. */
export interface Digits {
  name: string;
  x: Float32Array;
  labels: Int32Array;
  count: number;
}

/** The UCI digits where they are found, else drawn figures. */
export async function digits(dir: string | undefined, seed: number, most: number): Promise<Digits> {
  const found = await findData("optdigits", { dir });
  const set = found ? optdigits({ dir: found.dir }) : glyphs({ count: most, seed, size: SIZE });
  const { x, labels, shape } = set.arrays({ start: 0, end: Math.min(most, set.length) });
  return { name: found ? "UCI optical digits" : "glyphs (generated)", x, labels, count: shape[0] };
}

/** Views of pictures: turned, scaled and shifted, with another contrast, and noise. */
export function views({ x }: Digits, indices: ArrayLike<number>, generator: Generator): Float32Array {
  const pixels = SIZE * SIZE;
  const out = new Float32Array(indices.length * pixels);
  const uniforms = generator.float64(5 * indices.length);
  const noise = generator.normal64(out.length);
  const centre = (SIZE - 1) / 2;
  for (let i = 0; i < indices.length; i++) {
    const between = (k: number, low: number, high: number) => low + (high - low) * uniforms[5 * i + k]!;
    const [angle, scale] = [between(0, -0.25, 0.25), between(1, 0.85, 1.15)];
    const [dx, dy, contrast] = [between(2, -1, 1), between(3, -1, 1), between(4, 0.6, 1.4)];
    const [c, s] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
    const from = indices[i]! * pixels;
    const pixel = (row: number, column: number) =>
      row < 0 || column < 0 || row >= SIZE || column >= SIZE ? 0 : x[from + row * SIZE + column]!;
    for (let row = 0; row < SIZE; row++) {
      for (let column = 0; column < SIZE; column++) {
        const [v, u] = [row - centre, column - centre];
        const [y, z] = [s * u + c * v + centre + dy, c * u - s * v + centre + dx];
        const [y0, z0] = [Math.floor(y), Math.floor(z)];
        const [fy, fz] = [y - y0, z - z0];
        const top = (1 - fz) * pixel(y0, z0) + fz * pixel(y0, z0 + 1);
        const bottom = (1 - fz) * pixel(y0 + 1, z0) + fz * pixel(y0 + 1, z0 + 1);
        const at = i * pixels + row * SIZE + column;
        out[at] = contrast * ((1 - fy) * top + fy * bottom) + 0.1 * noise[at]!;
      }
    }
  }
  return out;
}
