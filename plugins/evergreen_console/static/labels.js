// Names beside points, none over another name or a point.
import { Plot } from "./plot.js";

const HIGH = 15, WIDE = 6.2, GAP = 7; // pixels: a line with its halo, a letter of 11 px on average, a point's room
const SIDES = [[1, 1], [1, -1], [-1, 1], [-1, -1], [1, 0], [-1, 0]];

/**
 * Where each name's middle goes: at the first side of its point where it is free and within the picture, else null.
 * `points` are `{x, y, name}` in pixels, those that matter most first; `bounds` is `{left, right, top, bottom}`.
 */
export function placed(points, bounds) {
  const taken = points.map(({ x, y }) => box(x, y, GAP, GAP));
  return points.map(({ x, y, name }) => {
    const [wide, high] = [(name.length * WIDE) / 2, HIGH / 2];
    const free = SIDES.map(([right, below]) => ({ x: x + right * (GAP + 1 + wide), y: y + below * (GAP + high - 2) }))
      .find((at) => within(box(at.x, at.y, wide, high), bounds) && !taken.some((other) => touch(box(at.x, at.y, wide, high), other)));
    if (free) taken.push(box(free.x, free.y, wide, high));
    return free ?? null;
  });
}

/** Plot's mark of those names, for data that matters most first; who has no room between the axes is told by the pointer's tip. */
export const names = (data, { x, y, name, ...style }) =>
  Plot.text(data, Plot.initializer({ x, y, text: name, textAnchor: "middle", ...style }, (all, facets, channels, scales, { width, height, marginBottom, marginLeft }) => {
    const at = (axis, row) => scales[axis](channels[axis].value[row]);
    const points = all.map((one, row) => ({ x: at("x", row), y: at("y", row), name: name(one) }));
    const found = placed(points, { left: marginLeft, right: width, top: 0, bottom: height - marginBottom });
    return {
      data: all,
      facets: facets.map((rows) => rows.filter((row) => found[row] !== null)),
      channels: { x: { value: found.map((one) => one?.x ?? NaN) }, y: { value: found.map((one) => one?.y ?? NaN) } },
    };
  }));

const box = (x, y, wide, high) => ({ left: x - wide, right: x + wide, top: y - high, bottom: y + high });
const touch = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
const within = (one, bounds) => one.left >= bounds.left && one.right <= bounds.right && one.top >= bounds.top && one.bottom <= bounds.bottom;
