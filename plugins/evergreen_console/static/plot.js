// The charting library, from files beside this one; d3 and Plot find each other through the global scope.
import "./vendor/d3-7.9.2.js";
import "./vendor/plot-0.6.17.js";
import { Box, h, useEffect, useRef, useState } from "./host.js";

export const { Plot } = globalThis;

/** Okabe and Ito's colours, told apart with any common colour blindness; lighter where the page is dark. */
export const palette = (dark) =>
  dark
    ? { ink: "#e2e8f0", quiet: "#94a3b8", faint: "#334155", paper: "#0f172a", blue: "#56b4e9", orange: "#e69f00", green: "#34c79b", red: "#ff8a5c", purple: "#e0a3c8" }
    : { ink: "#1e293b", quiet: "#64748b", faint: "#e2e8f0", paper: "#ffffff", blue: "#0072b2", orange: "#b87a00", green: "#008a64", red: "#c44e00", purple: "#b05a92" };

const OBSERVED = "100%";

/**
 * A figure as wide as its place. `draw(width)` returns Plot's options; `opens(datum)` is called when one is clicked.
 * The picture is described by `label`; what it shows is also in a table of the page.
 */
export function Figure({ draw, label, opens, watch }) {
  const place = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    if (width === 0) return undefined;
    const picture = Plot.plot({ width, ...draw(width), ariaLabel: label });
    // One picture to a screen reader: what Plot says of its parts would be read as loose groups.
    for (const part of picture.querySelectorAll("[aria-label], [aria-description]")) {
      part.removeAttribute("aria-label");
      part.removeAttribute("aria-description");
    }
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", label);
    const open = () => picture.value && opens?.(picture.value);
    picture.addEventListener("click", open);
    if (opens) picture.style.cursor = "pointer";
    place.current.replaceChildren(picture);
    return () => picture.removeEventListener("click", open);
  }, [width, ...watch]);
  return h(Box, { ref: place, width: OBSERVED, minWidth: 0, overflow: "hidden" });
}
