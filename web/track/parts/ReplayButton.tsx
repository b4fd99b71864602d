/** Where the driver went, to be seen again: for those who may read the history. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { track } from "../../client/calls";
import type { Replaying } from "../replay/replaying";
import type { Viewer } from "../viewer";
import { useCall } from "./use-call";

interface ReplayButtonProps {
  viewer: Viewer;
  replaying: boolean;
  onReplay: (replay: Replaying) => void;
}

export function ReplayButton({ viewer, replaying, onReplay }: ReplayButtonProps): JSX.Element | null {
  const { busy, trouble, run } = useCall("The way of this delivery is not yours to see.");
  const [empty, setEmpty] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const was = useRef(replaying);
  useEffect(() => {
    // Whoever closed the replay goes on where it was opened.
    if (was.current && !replaying) button.current?.focus();
    was.current = replaying;
  }, [replaying]);
  const open = (): void =>
    void run(async () => {
      const [code, points] = await Promise.all([import("../replay/Replay"), track(viewer)]);
      const fixes = code.fixesOf(points);
      setEmpty(fixes.length < 2);
      if (fixes.length < 2) return;
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      onReplay({ player: new code.Player(fixes, still), code });
    });
  if (replaying) return null;
  return (
    <div class="part">
      <button class="button button--plain" type="button" ref={button} aria-disabled={busy} onClick={open}>
        {busy ? "Loading the way" : "Replay"}
      </button>
      <p class="part__trouble" role="alert">
        {trouble}
      </p>
      <p class="part__said" role="status">
        {empty && "No way was recorded."}
      </p>
    </div>
  );
}
