/** What stands between the driver and being followed, in plain words, the worst first. */
import type { DriverState } from "../client/driver-state";
import type { ProofState } from "../client/proofs";
import type { SharingState } from "./sharing";
import { count, reportWords, waitingWords } from "./words";

export interface Notice {
  id: string;
  tone: "bad" | "warn" | "quiet";
  text: string;
  /** The words on its button. */
  action?: string;
}

export interface Times {
  /** "12:40". */
  clock: (ms: number) => string;
  /** The phone's now. */
  now: number;
}

/** Waiting for less is how it works, not a delay. */
const WAIT_MS = 20_000;

export function noticesOf(state: DriverState, sharing: SharingState, proofs: ProofState, online: boolean, times: Times): Notice[] {
  const notices: Notice[] = [];
  const add = (id: string, tone: Notice["tone"], text: string, action?: string): void => {
    notices.push({ id, tone, text, ...(action && { action }) });
  };
  const offline = !online || state.reach === "offline";
  if (offline) add("offline", "bad", "No connection. What you do is kept on this phone and sent when you are back.");
  if (state.refused) {
    const { report, message } = state.refused;
    add("refused", "bad", report ? `Not accepted: ${reportWords(report, state.jobs ?? [])}. ${message}` : message, "OK");
  }
  if (proofs.refused) add("proof", "bad", `The ${proofs.refused.kind} was not taken. ${proofs.refused.message}`);
  if (sharing.on) addSharing(add, sharing, times);
  const { fixes, reports, oldest, thinned } = state.waiting;
  const late = oldest !== null && (offline || times.now - oldest > WAIT_MS);
  const words = waitingWords(late ? fixes : 0, offline || reports > 1 ? reports : 0, proofs.waiting);
  if (words) add("waiting", "quiet", `Waiting to be sent: ${words}${late ? `, from ${times.clock(oldest)} on` : ""}.`);
  if (thinned > 0) add("thinned", "warn", `${count(thinned, "older position")} had to make room: too much was waiting.`);
  if (!state.durable) add("durable", "warn", "This browser keeps nothing: do not close the page while something is waiting.");
  return notices;
}

function addSharing(
  add: (id: string, tone: Notice["tone"], text: string, action?: string) => void,
  sharing: SharingState,
  { clock }: Times,
): void {
  if (sharing.denied) {
    add("denied", "bad", "This page may not read your position. Allow location for it in the browser's settings.", "Try again");
  } else if (sharing.gps === "none") {
    add("no-gps", "bad", "No GPS. Your position is not known: go outside, or check that location is switched on.");
  } else if (sharing.gps === "poor" && sharing.fix?.accuracy !== undefined) {
    add("poor-gps", "warn", `GPS is poor: your position is only known to ${Math.round(sharing.fix.accuracy / 10) * 10} m.`);
  }
  if (sharing.paused) {
    const { from, to } = sharing.paused;
    add("paused", "warn", `Tracking was paused from ${clock(from)} to ${clock(to)}, while this page was not on the screen.`, "OK");
  }
  if (sharing.awake === false) {
    add("asleep", "warn", "The screen may switch itself off, and tracking would pause. Switch off power saving.");
  }
  if (sharing.low_battery) add("battery", "warn", `Battery at ${sharing.battery ?? 0} %. Charge the phone, or tracking will end.`);
}
