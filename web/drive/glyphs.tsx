/** The driver's drawings. All are decoration: the words beside them say the same. */
import type { JSX } from "preact";

export type GlyphName = "way" | "phone" | "camera" | "pen" | "code" | "alarm" | "cross" | "check" | "back";

const PATHS: Record<GlyphName, string> = {
  way: "M4 11.500L20 4l-7.500 16-2-6.500z",
  phone: "M6 4h3.500l1.500 4.500-2 1.500a12 12 0 0 0 5 5l1.500-2 4.500 1.500V18a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2z",
  camera: "M4 8h3.500l1.500-2.500h6L16.500 8H20v11H4zM12 16.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7z",
  pen: "M4 20l1-4.500L16 4.500 19.500 8 8.500 19zM13.500 7l3.500 3.500",
  code: "M9 4L7 20M17 4l-2 16M4.500 9H20M4 15h15.500",
  alarm: "M12 4l9 16H3zM12 10v4.500M12 17.200h.01",
  cross: "M7 7l10 10M17 7L7 17",
  check: "M5 12.500l4.500 4.500L19 7.500",
  back: "M14.500 6l-6 6 6 6",
};

export function Glyph({ name }: { name: GlyphName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
