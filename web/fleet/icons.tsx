/** The drawings of the desk. All are decoration: the words beside them say the same. */
import type { JSX } from "preact";

export type GlyphName = "check" | "close" | "search" | "plus" | "chart" | "map" | "warn" | "fit" | "up" | "down" | "help" | "leave" | "battery" | "star" | "signal" | "hook";

const PATHS: Record<GlyphName, string> = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M7 7l10 10M17 7L7 17",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500L20 20",
  plus: "M12 5v14M5 12h14",
  chart: "M5 19V11M12 19V5M19 19v-6",
  map: "M9 4.500L3.500 7v12.500L9 17l6 2.500 5.500-2.500V4.500L15 7 9 4.500zM9 4.500V17M15 7v12.500",
  warn: "M12 4L2.800 19.500h18.400zM12 10v4.500M12 17.200h.01",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  up: "M6 14.500l6-6 6 6",
  down: "M6 9.500l6 6 6-6",
  help: "M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM9.700 9.500a2.400 2.400 0 1 1 3.400 2.300c-.800.400-1.100.900-1.100 1.700M12 16.500h.01",
  leave: "M14 4.500H5.500v15H14M10.500 12H20M16.500 8.500L20 12l-3.500 3.500",
  battery: "M4 8h14v8H4zM20.500 10.800v2.400",
  star: "M12 4l2.500 5.200 5.700.800-4.100 4 1 5.600L12 17l-5.100 2.600 1-5.600-4.100-4 5.700-.800z",
  hook: "M9 8.500a3.500 3.500 0 1 1 5.200 3.100L17 16M12 8.500L8 16M17 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM7 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  signal: "M12 18.500h.01M8.500 15a5 5 0 0 1 7 0M5.500 11.800a9.400 9.400 0 0 1 13 0",
};

export function Glyph({ name }: { name: GlyphName }): JSX.Element {
  return (
    <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
