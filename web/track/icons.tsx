/** The page's drawings. All are decoration: the words beside them say the same. */
import type { JSX } from "preact";

export type IconName = "check" | "cross" | "pin" | "store" | "clock" | "eye-off" | "signal" | "target" | "lock" | "compass" | "ahead";

const PATHS: Record<IconName, string> = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M7 7l10 10M17 7L7 17",
  pin: "M12 21s-6.5-5.6-6.5-11a6.5 6.5 0 0 1 13 0c0 5.400-6.500 11-6.500 11zM12 12.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600z",
  store: "M4 10l1.500-5h13L20 10M4 10a2.700 2.700 0 0 0 5.300 0 2.700 2.700 0 0 0 5.400 0A2.700 2.700 0 0 0 20 10M5.500 12.500V19h13v-6.500M10 19v-4h4v4",
  clock: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 8v4.300l2.800 1.700",
  "eye-off": "M4 4l16 16M10 6.300A8.500 8.500 0 0 1 12 6c5 0 8 4.500 8.700 6-.300.700-1.100 2-2.400 3.200M6.200 8C4.500 9.300 3.600 11.100 3.300 12c.700 1.500 3.700 6 8.700 6 1.400 0 2.600-.300 3.700-.900M10 10a2.800 2.800 0 0 0 4 4",
  signal: "M12 18.500h.01M8.500 15a5 5 0 0 1 7 0M5.500 11.800a9.400 9.400 0 0 1 13 0",
  target: "M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM12 3v4M12 17v4M3 12h4M17 12h4",
  lock: "M6.500 11h11v8.500h-11zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  ahead: "M9.500 6l6 6-6 6",
  compass: "M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM15.500 8.500l-2 5-5 2 2-5z",
};

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of Onway: a way that leads on. */
export function Brand(): JSX.Element {
  return (
    <span class="brand">
      <svg class="brand__mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
        <path d="M5 19c0-7 14-5 14-12" />
        <circle cx="5" cy="19" r="2.500" />
        <circle cx="19" cy="6" r="3.500" class="brand__end" />
      </svg>
      Onway
    </span>
  );
}
