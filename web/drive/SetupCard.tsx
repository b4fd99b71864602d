/** One tracker app: a QR code for another phone, a link for this one, and what to enter by hand. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Setup } from "./device-keys";

/** The quiet zone that scanners want, in modules. */
const QUIET = 4;

interface Code {
  size: number;
  path: string;
}

export function SetupCard({ setup }: { setup: Setup }): JSX.Element {
  const { app, link, url, notes } = setup;
  const [copied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard?.writeText(url).then(() => setCopied(true));
  return (
    <details class="panel">
      <summary class="panel__summary">{app}</summary>
      <div class="stack">
        <Qr text={link ?? url} label={`QR code that sets up ${app}`} />
        {link && (
          <a class="big" href={link}>
            Open {app}
          </a>
        )}
        <label class="field">
          Address to enter
          <input value={url} readOnly onFocus={(event) => event.currentTarget.select()} />
        </label>
        <button class="big big--plain" type="button" onClick={copy}>
          {copied ? "Copied" : "Copy address"}
        </button>
        {notes.length > 0 && (
          <ul class="bullets">
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}

function Qr({ text, label }: { text: string; label: string }): JSX.Element {
  const [code, setCode] = useState<Code | null>(null);
  useEffect(() => {
    let over = false;
    void import("./qr").then(({ encode }) => !over && setCode(encode(text)));
    return () => {
      over = true;
    };
  }, [text]);
  if (!code) return <div class="qr" />;
  const side = code.size + 2 * QUIET;
  return (
    <svg class="qr" viewBox={`${-QUIET} ${-QUIET} ${side} ${side}`} role="img" aria-label={label}>
      <rect x={-QUIET} y={-QUIET} width={side} height={side} fill="#fff" />
      <path d={code.path} fill="#000" />
    </svg>
  );
}
