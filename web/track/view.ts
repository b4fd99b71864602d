/**
 * What the page shows, decided in one place: from the state and the delivery's now to words.
 *
 * Pure, so that every state can be tested as a sentence; the components only lay it out.
 */
import {
  type Ending,
  type LocationState,
  type Snapshot,
  type Status,
  type TrackingState,
  PATH,
  bearing,
  distance,
  isFinal,
  isUnderWay,
} from "../client";
import type { Formatter } from "./format";
import type { IconName } from "./icons";
import { ENDINGS, HEADLINES, LEADS } from "./words";

/** Older positions are not live any more, and much older ones are only history. */
const STALE_AFTER_MS = 90_000;
const LOST_AFTER_MS = 600_000;
/** A position from further in the future than this cannot be trusted to be live. */
const FUTURE_MS = 120_000;

export type Tone = "going" | "done" | "failed" | "quiet";

export interface EtaView {
  /** "12:40". */
  clock: string;
  /** "pm", where the locale counts twelve hours. */
  half: string | null;
  iso: string;
  /** "in 14 min". */
  minutes: string;
  /** "12:38–12:46", where a range is published. */
  range: string | null;
}

export interface StepView {
  status: Status;
  label: string;
  /** "12:03"; null for what has not happened. */
  time: string | null;
  state: "done" | "current" | "ahead" | "failed";
}

export interface PositionView {
  state: LocationState;
  /** "Position updated just now", or why there is none. */
  words: string;
  /** "1.5 km to go, from the northeast". */
  distance: string | null;
  /** For the label at a marker that is not live: "3 minutes ago". */
  age: string | null;
}

export interface View {
  tone: Tone;
  headline: string;
  eta: EtaView | null;
  lead: string | null;
  position: PositionView | null;
  /** 0–1. */
  progress: number | null;
  steps: readonly StepView[];
  reload: boolean;
  /** What stands above the words when it is over. */
  icon: IconName | null;
  /** Nothing to draw on a map: over, or never there. */
  over: boolean;
}

export interface BadgeView {
  kind: "live" | "connecting" | "stale" | "offline";
  words: string;
}

/** The page of a delivery, of a refusal, or of neither yet. */
export function describe(state: TrackingState, now: number, format: Formatter): View {
  const snapshot = state.delivery?.snapshot;
  const final = snapshot !== undefined && isFinal(snapshot.status);
  if (state.ending !== null && state.ending !== "stopped" && !final) return refused(state.ending, snapshot, now, format);
  if (snapshot === undefined) return { ...NOTHING, headline: "Finding your delivery" };
  const eta = final ? null : etaView(state, now, format);
  return {
    tone: toneOf(snapshot.status),
    headline: HEADLINES[snapshot.status],
    eta,
    lead: leadOf(snapshot, eta, now, format),
    position: final ? null : positionView(snapshot, now, format),
    progress: final ? null : (snapshot.progress ?? null),
    steps: stepsOf(snapshot, now, format),
    reload: false,
    icon: final ? FINAL_ICONS[toneOf(snapshot.status)] : null,
    over: final,
  };
}

/** The connection in words; null where there is none to speak of. */
export function badgeOf(state: TrackingState, now: number, online: boolean): BadgeView | null {
  const snapshot = state.delivery?.snapshot;
  if (state.reach === "ended" || (snapshot && isFinal(snapshot.status))) return null;
  const cut = state.reach === "offline" || (state.reach === "connecting" && !online);
  if (cut) return { kind: "offline", words: "Offline" };
  if (state.reach === "connecting") return { kind: "connecting", words: snapshot ? "Reconnecting" : "Connecting" };
  const position = snapshot && locationState(snapshot, now);
  if (position === "stale" || position === "lost") return { kind: "stale", words: "Driver silent" };
  if (snapshot && !snapshot.driver_online && position === "live") return { kind: "stale", words: "Driver offline" };
  return { kind: "live", words: state.reach === "polling" ? "Live, every 10 s" : "Live" };
}

/** The state of the position now: it ages without any frame. */
export function locationState(snapshot: Snapshot, now: number): LocationState {
  const { current_location, location_state } = snapshot;
  if (location_state === "hidden" || location_state === "none") return location_state;
  if (!current_location) return "none";
  const age = now - current_location.timestamp * 1_000;
  if (location_state === "lost" || age > LOST_AFTER_MS) return "lost";
  if (location_state === "stale" || age > STALE_AFTER_MS || age < -FUTURE_MS) return "stale";
  return "live";
}

/** As `ARRIVING_METRES` of the service. */
const ARRIVING_M = 100;

const FINAL_ICONS: Record<Tone, IconName> = { done: "check", failed: "cross", quiet: "cross", going: "clock" };

const NOTHING: View = {
  tone: "quiet",
  headline: "",
  eta: null,
  lead: null,
  position: null,
  progress: null,
  steps: [],
  reload: false,
  icon: null,
  over: false,
};

function refused(ending: Exclude<Ending, "stopped">, snapshot: Snapshot | undefined, now: number, format: Formatter): View {
  const words = ENDINGS[ending];
  const steps = snapshot && ending !== "not_allowed" ? stepsOf(snapshot, now, format) : [];
  return { ...NOTHING, ...words, steps, over: true };
}

function toneOf(status: Status): Tone {
  if (status === "DELIVERED") return "done";
  if (status === "FAILED") return "failed";
  return status === "CANCELLED" || status === "CREATED" ? "quiet" : "going";
}

function leadOf(snapshot: Snapshot, eta: EtaView | null, now: number, format: Formatter): string | null {
  if (isFinal(snapshot.status)) return LEADS[snapshot.status];
  const stops = snapshot.stops_before ?? 0;
  if (stops > 0) return stops === 1 ? "One stop before yours." : `${stops} stops before yours.`;
  if (eta) return null;
  const position = locationState(snapshot, now);
  if (position === "lost" && isUnderWay(snapshot.status)) return "The arrival time follows when the driver's phone is heard again.";
  const planned = plannedWords(snapshot, now, format);
  const known = snapshot.status === "IN_TRANSIT" && (position === "live" || position === "stale");
  const lead = known ? "The arrival time follows in a moment." : LEADS[snapshot.status];
  return planned === null ? lead : `${planned} ${lead}`;
}

/** The window as agreed, until it is over; either end may be open. */
function plannedWords(snapshot: Snapshot, now: number, format: Formatter): string | null {
  const from = snapshot.window?.from ?? null;
  const to = snapshot.window?.to ?? null;
  if (to !== null && to * 1_000 <= now) return null;
  if (from !== null && to !== null) return `Planned for ${format.range(from * 1_000, to * 1_000)}.`;
  if (to !== null) return `Planned by ${format.moment(to * 1_000, now)}.`;
  return from === null ? null : `Planned from ${format.moment(from * 1_000, now)}.`;
}

function etaView(state: TrackingState, now: number, format: Formatter): EtaView | null {
  const arrival = state.delivery?.arrival;
  if (!arrival) return null;
  const { at, from, to } = arrival;
  const left = Math.round((at - now) / 60_000);
  const late = now > (to ?? at) + 60_000;
  const snapshot = state.delivery?.snapshot;
  // So close, minutes say less than that the driver is there.
  const near = snapshot !== undefined && (snapshot.remaining_m ?? Infinity) < ARRIVING_M && locationState(snapshot, now) === "live";
  const minutes = near ? "arriving now" : left > 0 ? `in ${format.minutes(left)}` : late ? "later than expected" : "arriving now";
  const range = from !== null && to !== null && to > now ? format.range(Math.max(from, Math.min(now, at)), to) : null;
  return { ...format.clockParts(at), iso: new Date(at).toISOString(), minutes, range };
}

function positionView(snapshot: Snapshot, now: number, format: Formatter): PositionView {
  const state = locationState(snapshot, now);
  const location = snapshot.current_location;
  if (state === "hidden") return { state, words: hiddenWords(snapshot), distance: null, age: null };
  if (state === "none" || !location) {
    const words = isUnderWay(snapshot.status) ? "Waiting for the driver's first position." : hiddenWords(snapshot);
    return { state: "none", words, distance: null, age: null };
  }
  const ago = format.ago(now - location.timestamp * 1_000);
  const left = format.distance(snapshot.remaining_m ?? distance(location, snapshot.dropoff));
  const from = format.compass(bearing(snapshot.dropoff, location));
  const told = `${left} to go, from the ${from}`;
  if (state === "live") return { state, words: `Position updated ${ago}`, distance: told, age: null };
  const words =
    state === "stale"
      ? `The driver's phone is silent. Last position ${ago}.`
      : `No word from the driver's phone for long. Last position ${ago}.`;
  return { state, words, distance: told, age: ago };
}

function hiddenWords(snapshot: Snapshot): string {
  if (snapshot.status === "CREATED" || snapshot.status === "ASSIGNED") {
    return "The driver's position appears here after pickup.";
  }
  if ((snapshot.stops_before ?? 0) > 1) return "The driver's position appears here when you are among the next stops.";
  return "The driver's position is not shown at the moment.";
}

function stepsOf(snapshot: Snapshot, now: number, format: Formatter): StepView[] {
  const { status, timeline } = snapshot;
  const time = (of: Status): string | null => {
    // A delivery that starts with its driver was received at that instant.
    const first = of === "CREATED" ? timeline[0] : undefined;
    const entry = timeline.findLast((candidate) => candidate.status === of) ?? first;
    return entry ? format.moment(entry.at * 1_000, now) : null;
  };
  const broken = status === "FAILED" || status === "CANCELLED";
  const furthest = broken ? Math.max(0, ...timeline.map((entry) => PATH.indexOf(entry.status))) : PATH.indexOf(status);
  const steps = PATH.map((of, index): StepView => {
    const reached = index <= furthest;
    const current = index === furthest && !broken && status !== "DELIVERED";
    const state = current ? "current" : reached ? "done" : "ahead";
    return { status: of, label: HEADLINES[of], time: reached ? time(of) : null, state };
  });
  if (!broken) return steps;
  const end: StepView = { status, label: HEADLINES[status], time: time(status), state: "failed" };
  return [...steps.slice(0, furthest + 1), end];
}
