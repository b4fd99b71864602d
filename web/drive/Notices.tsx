/** What the driver should know, each with the one thing to do about it. */
import type { JSX } from "preact";
import type { Notice } from "./notices";

interface NoticesProps {
  notices: readonly Notice[];
  onAction: (id: string) => void;
}

export function Notices({ notices, onAction }: NoticesProps): JSX.Element {
  const [quiet, loud] = [notices.filter(isQuiet), notices.filter((notice) => !isQuiet(notice))];
  return (
    <>
      <div aria-live="polite">
        <List notices={loud} onAction={onAction} />
      </div>
      {/* Counts that change all the time are there to be read, not read out. */}
      <List notices={quiet} onAction={onAction} />
    </>
  );
}

function List({ notices, onAction }: NoticesProps): JSX.Element | null {
  if (notices.length === 0) return null;
  return (
    <ul class="notices">
      {notices.map(({ id, tone, text, action }) => (
        <li class={`note note--${tone}`} key={id}>
          <span>{text}</span>
          {action && (
            <button class="note__action" type="button" onClick={() => onAction(id)}>
              {action}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

const isQuiet = ({ tone }: Notice): boolean => tone === "quiet";
