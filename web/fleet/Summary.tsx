/** The list in one sentence, for a screen reader. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Filter } from "./filter";
import { type Said, summarise } from "./summary";

/** Whoever types a search is told what it found, not what each letter does. */
const REST_MS = 600;

interface SummaryProps {
  ready: boolean;
  shown: number;
  urgent: number;
  filter: Filter;
  now: number;
}

export function Summary({ ready, shown, urgent, filter, now }: SummaryProps): JSX.Element {
  const [said, say] = useState<Said | null>(null);
  const [rested, rest] = useState(filter);
  useEffect(() => {
    const timer = setTimeout(() => rest(filter), REST_MS);
    return () => clearTimeout(timer);
  }, [filter]);
  useEffect(() => {
    if (ready && rested === filter) say((before) => summarise(before, shown, urgent, filter, now));
  }, [ready, shown, urgent, filter, rested, now]);
  return (
    <p class="visually-hidden" role="status">
      {said?.words}
    </p>
  );
}
