/** Links for others: who has one sees what the public sees, until it ends or is revoked. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { links, makeLink, revokeLink } from "../../client/calls";
import type { LinkEntry, MadeLink } from "../../client/wire";
import type { Formatter } from "../format";
import type { Viewer } from "../viewer";
import { endOf } from "./end";
import { useCall } from "./use-call";

/** As the service takes it. */
const LABEL_MAX = 100;
const REFUSED = "This delivery is not yours to share.";

interface ShareProps {
  viewer: Viewer;
  now: number;
  format: Formatter;
}

export function Share({ viewer, now, format }: ShareProps): JSX.Element {
  const [known, setKnown] = useState<readonly LinkEntry[] | null>(null);
  /** Addresses are told once, when a link is made. */
  const [urls, setUrls] = useState<Record<string, string>>({});
  const [said, setSaid] = useState("");
  const { busy, trouble, run } = useCall(REFUSED);
  const title = useRef<HTMLElement>(null);
  const load = (): void => void run(async () => setKnown(await links(viewer)));
  const onMade = ({ url, link: _link, ...entry }: MadeLink): void => {
    setKnown([...(known ?? []), entry]);
    setUrls({ ...urls, [entry.id]: url });
    setSaid("The link is made. Copy it now: it is not shown again.");
  };
  const revoke = async (id: string): Promise<void> => {
    const done = await run(() => revokeLink(viewer, id));
    if (!done) return;
    setKnown((known ?? []).filter((entry) => entry.id !== id));
    setSaid("The link is revoked.");
    title.current?.focus();
  };
  return (
    <details class="card share" onToggle={(event) => event.currentTarget.open && known === null && load()}>
      <summary class="share__title" ref={title}>
        Share
      </summary>
      <div class="part">
        <p class="share__lead">Who has a link can follow this delivery without signing in.</p>
        {known?.length === 0 && <p class="share__lead">There are no links yet.</p>}
        <ul class="links">
          {known?.map((entry) => (
            <Entry
              key={entry.id}
              entry={entry}
              url={urls[entry.id] ?? null}
              busy={busy}
              words={wordsOf(entry, now, format)}
              onCopied={setSaid}
              onRevoke={() => void revoke(entry.id)}
            />
          ))}
        </ul>
        {known === null && busy && <p class="share__lead">Loading</p>}
        <p class="part__trouble" role="alert">
          {trouble}
        </p>
        {known === null && trouble && (
          <button class="button button--plain" type="button" onClick={load}>
            Try again
          </button>
        )}
        <p class="part__said" role="status">
          {said}
        </p>
        {known !== null && <NewLink viewer={viewer} now={now} onMade={onMade} />}
      </div>
    </details>
  );
}

/** "Until 18:00. Last used 12:40." */
function wordsOf({ to, created_at, last_used_at }: LinkEntry, now: number, format: Formatter): string {
  const time = (seconds: number): string => format.moment(seconds * 1_000, now);
  const end = typeof to !== "number" ? "Until the delivery is over" : to * 1_000 <= now ? `Ended ${time(to)}` : `Until ${time(to)}`;
  const used = typeof last_used_at !== "number" ? "not used yet" : `last used about ${time(last_used_at)}`;
  return `${end}; made ${time(created_at)}, ${used}.`;
}

interface EntryProps {
  entry: LinkEntry;
  url: string | null;
  busy: boolean;
  words: string;
  onCopied: (said: string) => void;
  onRevoke: () => void;
}

function Entry({ entry, url, busy, words, onCopied, onRevoke }: EntryProps): JSX.Element {
  const [asked, setAsked] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(url ?? "");
      onCopied("Copied.");
    } catch {
      field.current?.select();
      onCopied("Copy the marked address.");
    }
  };
  const name = entry.label === "" ? "Without a name" : entry.label;
  return (
    <li class="link">
      <p class="link__name">{name}</p>
      <p class="link__words">{words}</p>
      {url !== null && <input class="link__url" ref={field} readOnly value={url} aria-label={`Address of the link for ${name}`} />}
      <div class="part__actions">
        {url !== null && (
          <button class="button" type="button" aria-label={`Copy the link for ${name}`} onClick={() => void copy()}>
            Copy
          </button>
        )}
        <button
          class={`button button--plain${asked ? " button--bad" : ""}`}
          type="button"
          aria-disabled={busy}
          aria-label={asked ? `Revoke the link for ${name} now: it stops working at once` : `Revoke the link for ${name}`}
          onClick={() => (asked ? onRevoke() : setAsked(true))}
          onBlur={() => setAsked(false)}
        >
          {asked ? "Revoke now?" : "Revoke"}
        </button>
      </div>
    </li>
  );
}

function NewLink({ viewer, now, onMade }: { viewer: Viewer; now: number; onMade: (made: MadeLink) => void }): JSX.Element {
  const [label, setLabel] = useState("");
  const [until, setUntil] = useState("");
  const { busy, trouble, run, say } = useCall(REFUSED);
  const submit = (event: Event): void => {
    event.preventDefault();
    const end = endOf(until, now);
    if (label.trim() === "") return say("Say for whom it is.");
    if (end === "past") return say("The end has to lie ahead.");
    void run(async () => {
      onMade(await makeLink(viewer, label.trim(), end));
      setLabel("");
      setUntil("");
    });
  };
  return (
    <form class="part" onSubmit={submit} noValidate>
      <label class="part__field">
        For whom
        <input value={label} maxLength={LABEL_MAX} required placeholder="Grandma" onInput={(event) => setLabel(event.currentTarget.value)} />
      </label>
      <label class="part__field">
        Until (if it should end before the delivery)
        <input type="datetime-local" value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
      </label>
      <p class="part__trouble" role="alert">
        {trouble}
      </p>
      <div class="part__actions">
        <button class="button" type="submit" aria-disabled={busy}>
          {busy ? "Making it" : "Make a link"}
        </button>
      </div>
    </form>
  );
}
