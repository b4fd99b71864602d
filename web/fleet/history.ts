/** What happened to a delivery, and who did it, in words. Pure. */
import type { Timeline, TimelineEvent } from "../client/wire";
import { EVENT_WORDS } from "./words";

export interface Happened {
  /** No other of the same timeline has it. */
  readonly key: string;
  readonly at: number;
  readonly words: string;
  /** Why, and whatever else was said. */
  readonly more: string | null;
  /** Null where nobody noted it. */
  readonly by: string | null;
}

/** Fields that have another name in the form. */
const FIELD_WORDS: Readonly<Record<string, string>> = { dropoff: "destination", window: "promised time" };

const PROOF_WORDS: Readonly<Record<string, string>> = {
  photo: "Handed over, with a photo",
  signature: "Handed over, with a signature",
  code: "Handed over, with the code",
};

export function happened({ events }: Pick<Timeline, "events">): Happened[] {
  const seen = new Map<string, number>();
  return events.map((event) => {
    const { type, status, at, reason, note } = event;
    const name = [type, status, at, event.driver_id, ...(event.about ?? [])].join(" ");
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return { key: `${name} ${times}`, at, words: wordsOf(event), more: [reason, note].filter(Boolean).join(": ") || null, by: byWords(event) };
  });
}

function wordsOf({ type, status, driver_id, former_driver_id, about = [], by }: TimelineEvent): string {
  const what = about.map((name) => FIELD_WORDS[name] ?? name.replaceAll("_", " ")).join(", ");
  switch (type) {
    case "status":
      return EVENT_WORDS[status];
    case "assigned":
      return `Given to ${driver_id ?? "a driver"}${former_driver_id ? `, in place of ${former_driver_id}` : ""}`;
    case "unassigned":
      return by?.role === "driver" ? `Declined by ${driver_id ?? "the driver"}` : `Taken from ${driver_id ?? "the driver"}`;
    case "accepted":
      return "Accepted by the driver";
    case "reordered":
      return "Put in another place among the driver's stops";
    case "corrected":
      return what === "" ? "Corrected" : `Corrected: ${what}`;
    case "link_created":
      return "Share link made";
    case "link_changed":
      return "Share link changed";
    case "link_revoked":
      return "Share link revoked";
    case "proof":
      return PROOF_WORDS[about[0] ?? ""] ?? "Handed over";
    case "rated":
      return "Rated by the customer";
    case "approaching":
      return `Near the ${placeWords(about)}`;
    case "arrived":
      return `At the ${placeWords(about)}`;
    case "departed":
      return `Left the ${placeWords(about)}`;
    case "delayed":
      return "Late for the promised time";
    case "off_route":
      return "Off the route";
    case "stale":
      return "No position for long";
    case "resumed":
      return "Positions again";
    case "erased":
      return what === "" ? "Personal data erased" : `Personal data erased: ${what}`;
    default:
      // A kind that only a newer service knows.
      return sentence(String(type).replaceAll("_", " "));
  }
}

function placeWords([place]: readonly string[]): string {
  return place === "dropoff" ? "destination" : (place ?? "destination");
}

/** "by dispatcher desk-1"; null where the words name them already. */
function byWords({ type, by }: TimelineEvent): string | null {
  if (!by) return null;
  const told = type === "accepted" || type === "rated" || (type === "unassigned" && by.role === "driver");
  return told && !by.subject ? null : `by ${[by.role, by.subject].filter(Boolean).join(" ")}`;
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
