/** A rating as it was given: stars for the eye, words for readers. */
import "../styles/stars.css";
import type { JSX } from "preact";

const MOST = [1, 2, 3, 4, 5];

export function Stars({ stars }: { stars: number }): JSX.Element {
  return (
    <span class="stars" role="img" aria-label={`${stars} of 5 stars`}>
      {MOST.map((star) => (
        <Star key={star} full={star <= stars} />
      ))}
    </span>
  );
}

export function Star({ full }: { full: boolean }): JSX.Element {
  return (
    <svg class={`star${full ? " star--full" : ""}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d="M12 3.500l2.650 5.370 5.930.860-4.290 4.180 1.010 5.900L12 17.030l-5.300 2.780 1.010-5.900-4.290-4.180 5.930-.860z" />
    </svg>
  );
}
