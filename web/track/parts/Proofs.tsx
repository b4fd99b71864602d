/** What shows that it was handed over: photo, signature, code. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { proofImage } from "../../client/calls";
import { Refusal } from "../../client/http";
import type { Proof } from "../../client/wire";
import type { Formatter } from "../format";
import type { Viewer } from "../viewer";

const NAMES: Record<Proof["kind"], string> = { photo: "Photo", signature: "Signature", code: "Code" };

interface ProofsProps {
  viewer: Viewer;
  proofs: readonly Proof[];
  now: number;
  format: Formatter;
}

export function Proofs({ viewer, proofs, now, format }: ProofsProps): JSX.Element {
  return (
    <section class="card" aria-labelledby="proof-title">
      <h2 class="card__title" id="proof-title">
        Proof of delivery
      </h2>
      <ul class="proofs">
        {proofs.map((proof) => (
          <li key={proof.id} class="proof">
            {proof.kind === "code" ? <p class="proof__code">{proof.code}</p> : <Picture viewer={viewer} proof={proof} />}
            <p class="proof__words">
              {NAMES[proof.kind]}, {format.moment(proof.at * 1_000, now)}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Small, and large in a dialog when it is pressed. */
function Picture({ viewer, proof }: { viewer: Viewer; proof: Proof }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const { url, trouble, retry } = useImage(viewer, proof.id);
  const name = NAMES[proof.kind];
  if (trouble) {
    return (
      <div class="proof__none">
        <p>{trouble}</p>
        <button class="part__link" type="button" onClick={retry}>
          Try again
        </button>
      </div>
    );
  }
  if (url === null) return <div class="proof__none proof__none--waiting" role="img" aria-label={`${name}, loading`} />;
  return (
    <>
      <button class="proof__open" type="button" onClick={() => dialog.current?.showModal()}>
        <img class={`proof__small proof__small--${proof.kind}`} src={url} alt={`${name} of the delivery: show it large`} />
      </button>
      {/* A press beside the picture closes it too; by keyboard, Escape does. */}
      {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions */}
      <dialog
        class="proof__dialog"
        ref={dialog}
        aria-label={`${name} of the delivery`}
        onClick={(event) => event.target === dialog.current && dialog.current?.close()}
      >
        <img class="proof__large" src={url} alt={`${name} of the delivery`} />
        <button class="button" type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </dialog>
    </>
  );
}

/** The image as an address of this page alone: no `<img>` can send a token. */
function useImage(viewer: Viewer, id: string): { url: string | null; trouble: string | null; retry: () => void } {
  const [url, setUrl] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const gone = new AbortController();
    let made: string | null = null;
    const load = async (): Promise<void> => {
      try {
        const blob = await proofImage(viewer, id, gone.signal);
        if (gone.signal.aborted) return;
        made = URL.createObjectURL(blob);
        setUrl(made);
      } catch (error) {
        if (!gone.signal.aborted) setTrouble(error instanceof Refusal ? "It cannot be shown." : "No connection.");
      }
    };
    setTrouble(null);
    void load();
    return () => {
      gone.abort();
      setUrl(null);
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [viewer.tracking_id, viewer.token, id, turn]);
  return { url, trouble, retry: () => setTurn(turn + 1) };
}
