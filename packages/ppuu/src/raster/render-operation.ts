import type { HostOperation, Settings } from "../host-kernel/host-operation.js";
import type { Grid } from "./grid.js";

/** Metres of half a lane line, thick enough to survive coarse cells. */
export const HALF_LINE = 0.3;

interface RenderSettings extends Settings {
  grid: Grid;
  lanes: number;
  laneWidth: number;
}

/** A car in cells of the reference frame; its axis is that of the road. */
interface Box {
  x: number;
  y: number;
  /** Half sizes in cells, the ramp's half included. */
  halfLength: number;
  halfWidth: number;
  presence: number;
  firstRow: number;
  lastRow: number;
  firstColumn: number;
  lastColumn: number;
}

/** The cells that a car can touch; none where it is out of the image or absent. */
function boxOf(
  reference: Float32Array,
  cars: Float32Array,
  presence: number,
  row: number,
  car: number,
  { ahead, aside, height, width, cell }: Grid,
): Box | undefined {
  if (presence === 0) return undefined;
  const [rx, ry, dx, dy] = [
    reference[5 * row]!,
    reference[5 * row + 1]!,
    reference[5 * row + 2]!,
    reference[5 * row + 3]!,
  ];
  const [toX, toY] = [cars[5 * car]! - rx, cars[5 * car + 1]! - ry];
  const [x, y] = [dx * toX + dy * toY, dx * toY - dy * toX];
  const halfLength = cars[5 * car + 3]! / (2 * cell) + 0.5;
  const halfWidth = cars[5 * car + 4]! / (2 * cell) + 0.5;
  const reachX = cell * (Math.abs(dx) * halfLength + Math.abs(dy) * halfWidth);
  const reachY = cell * (Math.abs(dy) * halfLength + Math.abs(dx) * halfWidth);
  const rowsPerMetre = (height - 1) / (ahead[0]! - ahead[height - 1]!);
  const columnsPerMetre = (width - 1) / (aside[width - 1]! - aside[0]!);
  const box = {
    x,
    y,
    halfLength,
    halfWidth,
    presence,
    firstRow: Math.max(0, Math.ceil((ahead[0]! - x - reachX) * rowsPerMetre)),
    lastRow: Math.min(height - 1, Math.floor((ahead[0]! - x + reachX) * rowsPerMetre)),
    firstColumn: Math.max(0, Math.ceil((y - reachY - aside[0]!) * columnsPerMetre)),
    lastColumn: Math.min(width - 1, Math.floor((y + reachY - aside[0]!) * columnsPerMetre)),
  };
  return box.firstRow <= box.lastRow && box.firstColumn <= box.lastColumn ? box : undefined;
}

const within = (value: number) => Math.min(Math.max(value, 0), 1);

/**
 * Context images as loops over the cells that each car can touch, shape `[batch, height, width, 3]`, and their gradient
 * by reference and cars.
 *
 * Inputs: reference `[batch, 5]`, cars `[batch, cars, 5]`, mask `[batch, cars]`.
 */
export const renderOperation: HostOperation<RenderSettings> = {
  name: "LabRenderContext",
  numDifferentiable: 2,
  outputShape: ([reference], { grid }) => [reference![0]!, grid.height, grid.width, 3],
  forward([reference, cars, mask], image, [ofReference, ofCars], { grid, lanes, laneWidth }) {
    const { ahead, aside, height, width, cell } = grid;
    const [batch, numCars] = [ofReference![0]!, ofCars![1]!];
    const middle = (lanes * laneWidth) / 2;
    for (let row = 0; row < batch; row++) {
      const [y, dx, dy] = [reference![5 * row + 1]!, reference![5 * row + 2]!, reference![5 * row + 3]!];
      const start = row * height * width * 3;
      for (let i = 0, at = start; i < height; i++) {
        const rowY = y + dy * ahead[i]!;
        for (let j = 0; j < width; j++, at += 3) {
          const roadY = rowY + dx * aside[j]!;
          const line = laneWidth * Math.min(Math.max(Math.round(roadY / laneWidth), 0), lanes);
          image[at] = within((HALF_LINE - Math.abs(roadY - line)) / cell + 0.5);
          image[at + 1] = 0;
          image[at + 2] = within((Math.abs(roadY - middle) - middle) / cell + 0.5);
        }
      }
      for (let car = row * numCars; car < (row + 1) * numCars; car++) {
        const box = boxOf(reference!, cars!, mask![car]!, row, car, grid);
        if (!box) continue;
        const { halfLength, halfWidth, presence } = box;
        for (let i = box.firstRow; i <= box.lastRow; i++) {
          const toX = (ahead[i]! - box.x) / cell;
          let at = start + 3 * (i * width + box.firstColumn) + 1;
          for (let j = box.firstColumn; j <= box.lastColumn; j++, at += 3) {
            const toY = (aside[j]! - box.y) / cell;
            // Along the road is (dx, −dy) in the reference frame.
            const cover =
              within(halfLength - Math.abs(dx * toX - dy * toY)) *
              within(halfWidth - Math.abs(dx * toY + dy * toX)) *
              presence;
            if (cover > image[at]!) image[at] = cover;
          }
        }
      }
    }
  },
  backward(
    [reference, cars, mask],
    dImage,
    [dReference, dCars],
    [ofReference, ofCars],
    { grid, lanes, laneWidth },
  ) {
    const { ahead, aside, height, width, cell } = grid;
    const [batch, numCars] = [ofReference![0]!, ofCars![1]!];
    const middle = (lanes * laneWidth) / 2;
    const best = new Float32Array(height * width);
    const winner = new Int32Array(height * width);
    const boxes: (Box | undefined)[] = [];
    for (let row = 0; row < batch; row++) {
      const r = 5 * row;
      const [rx, ry, dx, dy] = [reference![r]!, reference![r + 1]!, reference![r + 2]!, reference![r + 3]!];
      const start = row * height * width * 3;
      best.fill(0);
      winner.fill(-1);
      for (let car = 0; car < numCars; car++) {
        const box = boxOf(reference!, cars!, mask![row * numCars + car]!, row, row * numCars + car, grid);
        boxes[car] = box;
        if (!box) continue;
        for (let i = box.firstRow; i <= box.lastRow; i++) {
          const toX = (ahead[i]! - box.x) / cell;
          for (let j = box.firstColumn; j <= box.lastColumn; j++) {
            const toY = (aside[j]! - box.y) / cell;
            const cover = Math.fround(
              within(box.halfLength - Math.abs(dx * toX - dy * toY)) *
                within(box.halfWidth - Math.abs(dx * toY + dy * toX)) *
                box.presence,
            );
            if (cover <= best[i * width + j]!) continue;
            best[i * width + j] = cover;
            winner[i * width + j] = car;
          }
        }
      }
      let [gRx, gRy, gDx, gDy] = [0, 0, 0, 0];
      for (let i = 0, index = 0; i < height; i++) {
        for (let j = 0; j < width; j++, index++) {
          const at = start + 3 * index;
          const roadY = ry + dy * ahead[i]! + dx * aside[j]!;
          const line = laneWidth * Math.min(Math.max(Math.round(roadY / laneWidth), 0), lanes);
          const [toLine, toMiddle] = [roadY - line, roadY - middle];
          const onLine = (HALF_LINE - Math.abs(toLine)) / cell + 0.5;
          const beyond = (Math.abs(toMiddle) - middle) / cell + 0.5;
          let gRoadY = 0;
          if (onLine > 0 && onLine < 1) gRoadY -= (Math.sign(toLine) * dImage[at]!) / cell;
          if (beyond > 0 && beyond < 1) gRoadY += (Math.sign(toMiddle) * dImage[at + 2]!) / cell;
          gRy += gRoadY;
          gDy += gRoadY * ahead[i]!;
          gDx += gRoadY * aside[j]!;
          const g = dImage[at + 1]!;
          if (winner[index]! < 0 || g === 0) continue;
          const box = boxes[winner[index]!]!;
          const [toX, toY] = [(ahead[i]! - box.x) / cell, (aside[j]! - box.y) / cell];
          const [along, across] = [dx * toX - dy * toY, dx * toY + dy * toX];
          const [inX, inY] = [box.halfLength - Math.abs(along), box.halfWidth - Math.abs(across)];
          const gInX = inX < 1 ? g * Math.min(inY, 1) * box.presence : 0;
          const gInY = inY < 1 ? g * Math.min(inX, 1) * box.presence : 0;
          const [gAlong, gAcross] = [-Math.sign(along) * gInX, -Math.sign(across) * gInY];
          const gToX = gAlong * dx + gAcross * dy;
          const gToY = gAcross * dx - gAlong * dy;
          gDx += gAlong * toX + gAcross * toY;
          gDy += gAcross * toX - gAlong * toY;
          // Of the car in the reference frame, and from there of the car and the reference in the world.
          const [gX, gY] = [-gToX / cell, -gToY / cell];
          const c = 5 * (row * numCars + winner[index]!);
          const [aheadOf, asideOf] = [cars![c]! - rx, cars![c + 1]! - ry];
          const [gWorldX, gWorldY] = [gX * dx - gY * dy, gX * dy + gY * dx];
          gDx += gX * aheadOf + gY * asideOf;
          gDy += gX * asideOf - gY * aheadOf;
          gRx -= gWorldX;
          gRy -= gWorldY;
          dCars![c]! += gWorldX;
          dCars![c + 1]! += gWorldY;
          dCars![c + 3]! += gInX / (2 * cell);
          dCars![c + 4]! += gInY / (2 * cell);
        }
      }
      dReference![r] = gRx;
      dReference![r + 1] = gRy;
      dReference![r + 2] = gDx;
      dReference![r + 3] = gDy;
    }
  },
};
