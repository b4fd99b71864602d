/** Drivers who call for help, above everything else until somebody has it. */
import type { JSX } from "preact";
import type { Fleet } from "../client/fleet";
import type { Calls } from "../client/fleet-calls";
import type { EmergencyView } from "../client/wire";
import type { Formatter } from "../track/format";
import { useCall } from "../track/parts/use-call";
import { Glyph } from "./icons";
import { timeWords } from "./words";

/** The newest are shown; how many more there are is said. */
const MAX_SHOWN = 3;

interface EmergenciesProps {
  fleet: Fleet;
  calls: Calls;
  may: boolean;
  now: number;
  format: Formatter;
  revision: number;
  onSelect: (id: string) => void;
}

export function Emergencies({ fleet, calls, may, now, format, onSelect }: EmergenciesProps): JSX.Element {
  const open = [...fleet.emergencies.values()].toSorted((a, b) => b.at - a.at);
  const more = open.length - MAX_SHOWN;
  return (
    <div class="calls" role="alert">
      {open.slice(0, MAX_SHOWN).map((emergency) => (
        <Call
          key={emergency.id}
          emergency={emergency}
          may={may}
          since={timeWords(emergency.at, now, format)}
          onAcknowledge={async () => fleet.setEmergency(await calls.acknowledge(emergency.id))}
          onSelect={onSelect}
        />
      ))}
      {/* Without a connection nothing is known anew, and the page says that by itself. */}
      {fleet.state.uncertain && fleet.state.reach !== "offline" && <p class="call">Whether more drivers call for help is not known at the moment. It is asked again.</p>}
      {more > 0 && <p class="call">{more} more drivers call for help.</p>}
    </div>
  );
}

interface CallProps {
  emergency: EmergencyView;
  may: boolean;
  since: string;
  onAcknowledge: () => Promise<void>;
  onSelect: (id: string) => void;
}

function Call({ emergency: { driver_id, message, tracking_ids }, may, since, onAcknowledge, onSelect }: CallProps): JSX.Element {
  const { busy, trouble, run } = useCall("Only dispatchers acknowledge an emergency.");
  const first = tracking_ids[0];
  return (
    <div class="call">
      <Glyph name="warn" />
      <p class="call__words">
        <strong>{driver_id} calls for help</strong> since {since}
        {message && <q>{message}</q>}
        {trouble && <em>{trouble}</em>}
      </p>
      {first !== undefined && (
        <button class="act act--on-bad" type="button" onClick={() => onSelect(first)}>
          Show
        </button>
      )}
      {may && (
        <button class="act act--on-bad" type="button" aria-disabled={busy} onClick={() => void run(onAcknowledge)}>
          Acknowledge
        </button>
      )}
    </div>
  );
}
