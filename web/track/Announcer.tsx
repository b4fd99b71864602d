/** The one live region of the page. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Said, announce } from "./announcement";
import type { BadgeView, View } from "./view";

interface AnnouncerProps {
  view: View;
  arrival: number | null;
  badge: BadgeView | null;
}

export function Announcer({ view, arrival, badge }: AnnouncerProps): JSX.Element {
  const said = useRef<Said | null>(null);
  const [words, setWords] = useState("");
  useEffect(() => {
    const next = announce(said.current, view, arrival, badge);
    said.current = next.said;
    if (next.words !== null) setWords(next.words);
  });
  return (
    <p class="visually-hidden" role="status" aria-live="polite">
      {words}
    </p>
  );
}
