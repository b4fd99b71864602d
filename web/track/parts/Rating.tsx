/** How the customer found it. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { rate } from "../../client/calls";
import type { Rating as Given } from "../../client/wire";
import { Star, Stars } from "../Stars";
import type { Viewer } from "../viewer";
import { useCall } from "./use-call";

/** As the service takes it. */
const COMMENT_MAX = 500;
const WORDS = ["1 star, bad", "2 stars, poor", "3 stars, fair", "4 stars, good", "5 stars, very good"];

type Opinion = Pick<Given, "stars" | "comment">;

/** Asks for stars and a comment; once they are given, thanks, and lets them be changed. */
export function Rating({ viewer, known }: { viewer: Viewer; known: Given | null }): JSX.Element {
  const [sent, setSent] = useState<Opinion | null>(null);
  const [changing, setChanging] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  const given = sent ?? known;
  const asking = given === null || changing;
  const turn = (to: boolean): void => {
    setChanging(to);
    // The button that was pressed is gone.
    title.current?.focus();
  };
  return (
    <section class="card" aria-labelledby="rating-title">
      <h2 class="card__title" id="rating-title" ref={title} tabIndex={-1}>
        {asking ? "How was the delivery?" : "Your rating"}
      </h2>
      {asking ? (
        <Form
          viewer={viewer}
          given={given}
          onSent={(opinion) => {
            setSent(opinion);
            turn(false);
          }}
          onBack={given && (() => turn(false))}
        />
      ) : (
        <Opinion opinion={given}>
          <button class="button button--plain" type="button" onClick={() => turn(true)}>
            Change
          </button>
        </Opinion>
      )}
      <p class="part__said" role="status">
        {sent && !changing && "Thank you for telling us."}
      </p>
    </section>
  );
}

/** What the customer said, for those who sent it. */
export function GivenRating({ rating }: { rating: Given }): JSX.Element {
  return (
    <section class="card" aria-labelledby="rating-title">
      <h2 class="card__title" id="rating-title">
        The customer's rating
      </h2>
      <Opinion opinion={rating} />
    </section>
  );
}

function Opinion({ opinion, children }: { opinion: Opinion; children?: JSX.Element }): JSX.Element {
  return (
    <div class="opinion">
      <Stars stars={opinion.stars} />
      {opinion.comment && <p class="opinion__comment">{opinion.comment}</p>}
      {children}
    </div>
  );
}

interface FormProps {
  viewer: Viewer;
  given: Opinion | null;
  onSent: (opinion: Opinion) => void;
  onBack: (() => void) | null;
}

function Form({ viewer, given, onSent, onBack }: FormProps): JSX.Element {
  const [stars, setStars] = useState(given?.stars ?? 0);
  const [comment, setComment] = useState(given?.comment ?? "");
  const first = useRef<HTMLInputElement>(null);
  const { busy, trouble, run, say } = useCall("Only who ordered it, or has its link, can rate it.");
  useEffect(() => say(null), [stars, comment]);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (stars === 0) {
      say("Choose one to five stars first.");
      first.current?.focus();
      return;
    }
    void run(async () => {
      const { rating } = await rate(viewer, stars, comment);
      onSent(rating ?? { stars, comment: comment.trim() });
    });
  };
  return (
    <form class="part" onSubmit={submit} noValidate>
      <fieldset class="rate" disabled={busy}>
        <legend class="visually-hidden">Stars</legend>
        {WORDS.map((words, index) => (
          <label class="rate__star" key={words} title={words}>
            <input
              class="visually-hidden"
              type="radio"
              name="stars"
              value={index + 1}
              checked={stars === index + 1}
              ref={index === 0 ? first : null}
              onChange={() => setStars(index + 1)}
            />
            <Star full={index < stars} />
            <span class="visually-hidden">{words}</span>
          </label>
        ))}
      </fieldset>
      <label class="part__field">
        Comment (if you like)
        <textarea
          rows={3}
          maxLength={COMMENT_MAX}
          value={comment}
          disabled={busy}
          onInput={(event) => setComment(event.currentTarget.value)}
        />
      </label>
      <p class="part__trouble" role="alert">
        {trouble}
      </p>
      <div class="part__actions">
        <button class="button" type="submit" aria-disabled={busy}>
          {busy ? "Sending" : "Send"}
        </button>
        {onBack && (
          <button class="button button--plain" type="button" onClick={onBack}>
            Back
          </button>
        )}
      </div>
    </form>
  );
}
