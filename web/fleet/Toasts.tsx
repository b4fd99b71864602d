/** What newly needs a human, said at the edge of the map and to a screen reader. */
import type { JSX } from "preact";
import { Glyph } from "./icons";
import type { Heard } from "./toasts";
import { ALARM_WORDS } from "./words";

const TONES = { emergency: "emergency", late: "late", lost: "stale", failed: "failed" } as const;

interface ToastsProps {
  heard: Heard;
  /** What the calls for help above say already. */
  covered: ReadonlySet<string>;
  onDismiss: (key: string | null) => void;
  onSelect: (id: string) => void;
}

export function Toasts({ heard, covered, onDismiss, onSelect }: ToastsProps): JSX.Element {
  const toasts = heard.toasts.filter(({ alarm, tracking_id }) => alarm !== "emergency" || !covered.has(tracking_id));
  return (
    <div class="toasts" role="log" aria-label="What needs attention" aria-live="assertive" aria-relevant="additions">
      {heard.storm > 0 && (
        <div class="toast tone-late">
          <Glyph name="warn" />
          <p class="toast__words">
            <strong>{heard.storm} deliveries at once</strong> need attention. They are at the top of the list.
          </p>
          <Dismiss onDismiss={() => onDismiss(null)} />
        </div>
      )}
      {toasts.map(({ key, alarm, tracking_id, order_id }) => (
        <div key={key} class={`toast tone-${TONES[alarm]}`}>
          <Glyph name="warn" />
          <button
            class="toast__words"
            type="button"
            onClick={() => {
              onSelect(tracking_id);
              onDismiss(key);
            }}
          >
            <strong>{order_id}</strong> {ALARM_WORDS[alarm]}
          </button>
          <Dismiss onDismiss={() => onDismiss(key)} />
        </div>
      ))}
    </div>
  );
}

function Dismiss({ onDismiss }: { onDismiss: () => void }): JSX.Element {
  return (
    <button class="act act--bare act--small" type="button" aria-label="Dismiss" onClick={onDismiss}>
      <Glyph name="close" />
    </button>
  );
}
