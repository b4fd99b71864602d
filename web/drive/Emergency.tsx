/** Help, by a press that is held; and how far the call for it came. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Formatter } from "../track/format";
import { Glyph } from "./glyphs";
import { HOLD_MS, Hold, isPressKey } from "./press";
import { Sheet } from "./Sheet";
import type { EmergencyView } from "./words";

interface EmergencyProps {
  view: EmergencyView | null;
  format: Formatter;
  onRaise: () => void;
}

export function Emergency({ view, format, onRaise }: EmergencyProps): JSX.Element {
  const [held, setHeld] = useState(false);
  const [asking, setAsking] = useState(false);
  const raise = useRef(onRaise);
  raise.current = onRaise;
  const hold = useMemo(
    () =>
      new Hold(setHeld, () => {
        navigator.vibrate?.(300);
        raise.current();
      }),
    [],
  );
  const up = (): void => hold.take({ type: "up" });
  useEffect(() => up, [hold]);
  return (
    <section class="emergency" aria-label="Emergency">
      <div role="alert">
        {view && (
          <p class={`note note--${view.stage === "acknowledged" ? "quiet" : "bad"}`}>
            <span>
              <strong>
                {view.title}, {format.clock(view.at)}.
              </strong>{" "}
              {view.text}
            </span>
          </p>
        )}
      </div>
      <button
        class={`big big--emergency${held ? " big--held" : ""}`}
        style={{ "--hold": `${HOLD_MS}ms` }}
        type="button"
        onPointerDown={(event) => event.button === 0 && hold.take({ type: "down" })}
        onPointerUp={up}
        onPointerLeave={up}
        onPointerCancel={up}
        onContextMenu={(event) => event.preventDefault()}
        onBlur={up}
        onKeyDown={(event) => {
          if (!isPressKey(event.key)) return;
          event.preventDefault();
          hold.take({ type: "down" });
        }}
        onKeyUp={(event) => {
          if (isPressKey(event.key)) event.preventDefault();
          up();
        }}
        // Only assistive technology clicks without a pointer or a key: it cannot hold, so it is asked.
        onClick={(event) => event.detail === 0 && setAsking(true)}
      >
        <Glyph name="alarm" />
        <span>{held ? "Keep holding…" : "Hold for emergency"}</span>
      </button>
      {asking && (
        <Sheet title="Raise an emergency?" onClose={() => setAsking(false)}>
          <button
            class="big big--bad"
            type="button"
            onClick={() => {
              setAsking(false);
              onRaise();
            }}
          >
            Raise it
          </button>
        </Sheet>
      )}
    </section>
  );
}
