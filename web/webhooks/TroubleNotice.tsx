/** The newest answer did not come: why, what is shown instead, and asking again. */
import type { JSX } from "preact";
import { Glyph } from "../fleet/icons";
import type { Trouble } from "./trouble";

interface TroubleNoticeProps {
  trouble: Trouble | null;
  /** Whether something is shown that was known before. */
  known: boolean;
  busy: boolean;
  onRetry: () => void;
}

export function TroubleNotice({ trouble, known, busy, onRetry }: TroubleNoticeProps): JSX.Element {
  return (
    <div role="alert">
      {trouble && (
        <div class="hooks__trouble">
          <Glyph name="signal" />
          <p>
            {trouble.words}
            {known && " This is what was last known."}
          </p>
          <button class="act" type="button" aria-disabled={busy} onClick={onRetry}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}
