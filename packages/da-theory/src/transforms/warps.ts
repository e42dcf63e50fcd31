import { checkChoice } from "@lab/core";
import type { Distribution } from "../distribution/distribution.js";
import { checkLaw } from "../distribution/law.js";
import { translationMean, translationMoments } from "../translation/transform-moments.js";
import { type WarpLaws, warpTransform } from "./geometry.js";
import type { Boundary, RandomTransform } from "./transform.js";

/** Options of {@link translate}. */
export interface TranslateOptions {
  /** Law of the shift to the right, in pixels. @defaultValue the point 0 */
  x?: Distribution;
  /** Law of the shift downwards, in pixels. @defaultValue the point 0 */
  y?: Distribution;
  /** What lies outside. @defaultValue `"zero"` */
  boundary?: Boundary;
}

/** Options of {@link rotate}. */
export interface RotateOptions {
  /** Law of the angle in degrees; positive angles turn counter-clockwise on the screen. */
  angle: Distribution;
  /** What lies outside. @defaultValue `"zero"` */
  boundary?: Boundary;
}

/** Options of {@link shear}. */
export interface ShearOptions {
  /** Law of the slope along x: columns moved for each row from the centre. */
  x?: Distribution;
  /** Law of the slope along y. */
  y?: Distribution;
  /** What lies outside. @defaultValue `"zero"` */
  boundary?: Boundary;
}

/** Options of {@link zoom}. */
export interface ZoomOptions {
  /** Law of the extent that is seen: below 1 enlarges, and the magnification is 1 / extent. Two laws act independently. */
  extent: Distribution | { x?: Distribution; y?: Distribution };
  /** What lies outside. @defaultValue `"zero"` */
  boundary?: Boundary;
}

/** Options of {@link affine}; what is absent stands at the identity. */
export interface AffineOptions {
  /** Law of the angle in degrees. */
  angle?: Distribution;
  /** Law of the slope along x. */
  shearX?: Distribution;
  /** Law of the extent, both axes tied. */
  extent?: Distribution;
  /** Law of the shift to the right, in pixels. */
  translateX?: Distribution;
  /** Law of the shift downwards, in pixels. */
  translateY?: Distribution;
  /** What lies outside. @defaultValue `"zero"` */
  boundary?: Boundary;
}

function boundaryOf(caller: string, boundary: Boundary | undefined): Boundary {
  return checkChoice(caller, "boundary", boundary ?? "zero", ["zero", "edge", "reflect", "wrap"]);
}

function checked(caller: string, laws: Readonly<Record<string, Distribution | undefined>>): WarpLaws {
  return Object.fromEntries(
    Object.entries(laws).flatMap(([key, law]) =>
      law === undefined ? [] : [[key, checkLaw(caller, key, law)]],
    ),
  );
}

/**
 * Random translation.
 *
 * $T_t(x)[i, j] = x(i - t_y, j - t_x)$ with bilinear interpolation: content moves by $+t$.
 *
 * @param options - See {@link TranslateOptions}.
 * @returns A transform with two parameters, x then y. Exact for every law, at any size.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export function translate(options: TranslateOptions): RandomTransform {
  const laws = checked("translate", {
    translateX: options.x ?? { kind: "point", value: 0 },
    translateY: options.y ?? { kind: "point", value: 0 },
  });
  const boundary = boundaryOf("translate", options.boundary);
  return warpTransform("translate", laws, boundary, {
    moments: (image, shape, rule) =>
      translationMoments(image, shape, { x: laws.translateX!, y: laws.translateY!, boundary }, rule),
    meanHost: async (image, shape) =>
      translationMean(image, shape, { x: laws.translateX!, y: laws.translateY!, boundary }),
  });
}

/**
 * Random rotation about the centre.
 *
 * Source of output $(i, j)$: $(c_y + \sin\varphi\,dx + \cos\varphi\,dy,\; c_x + \cos\varphi\,dx - \sin\varphi\,dy)$.
 *
 * @param options - See {@link RotateOptions}.
 * @returns A transform with one parameter. Not exact: the midpoint rule, with its error.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export function rotate(options: RotateOptions): RandomTransform {
  return warpTransform(
    "rotate",
    checked("rotate", { angle: options.angle }),
    boundaryOf("rotate", options.boundary),
  );
}

/**
 * Random shear about the centre.
 *
 * Source of output $(i, j)$ along x: $(i, j - k\,dy)$.
 *
 * @param options - See {@link ShearOptions}; without `x` and `y` it is the identity.
 * @returns A transform with a parameter for each law given. Exact.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export function shear(options: ShearOptions): RandomTransform {
  return warpTransform(
    "shear",
    checked("shear", { shearX: options.x, shearY: options.y }),
    boundaryOf("shear", options.boundary),
  );
}

/**
 * Random zoom about the centre, by extent.
 *
 * Source of output $u$: $c + s\,(u - c)$; $s < 1$ enlarges.
 *
 * @param options - See {@link ZoomOptions}.
 * @returns A transform with one parameter, or one for each axis. Exact.
 * @throws {@link ArgumentError} when an option is out of range or extents may be 0 or negative.
 */
export function zoom(options: ZoomOptions): RandomTransform {
  const { extent } = options;
  const laws = extent && "kind" in extent ? { extent } : { extentX: extent?.x, extentY: extent?.y };
  return warpTransform("zoom", checked("zoom", laws), boundaryOf("zoom", options.boundary));
}

/**
 * Random affine warp in one resampling: rotates, shears, zooms, then translates.
 *
 * Source of output $u$: $c + R(\varphi)\,K(k)\,s\,(u - t - c)$ with the maps of {@link rotate}, {@link shear}, {@link zoom}.
 *
 * @param options - See {@link AffineOptions}.
 * @returns A transform with a parameter for each law given, in the order of the options. Exact where only one of its parts is
 *   random and all others stand at the identity; up to two random parameters by quadrature, more by a lattice.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export function affine(options: AffineOptions): RandomTransform {
  const { angle, shearX, extent, translateX, translateY } = options;
  return warpTransform(
    "affine",
    checked("affine", { angle, shearX, extent, translateX, translateY }),
    boundaryOf("affine", options.boundary),
  );
}
