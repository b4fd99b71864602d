/** What the driver's page says. */
import type { Emergency, Job, Report } from "../client/driver-wire";
import type { Ending } from "../client/closing";
import type { Status } from "../client/wire";

/** The status of a stop, as its driver thinks of it. */
export const STATUS: Record<Status, string> = {
  CREATED: "Not assigned",
  ASSIGNED: "To pick up",
  PICKED_UP: "Picked up",
  IN_TRANSIT: "On the way",
  DELIVERED: "Delivered",
  FAILED: "Not delivered",
  CANCELLED: "Cancelled",
};

/** The one step that comes next, and the words on its button. */
export const NEXT_STEP: Partial<Record<Status, { status: Status; words: string }>> = {
  ASSIGNED: { status: "PICKED_UP", words: "Picked up" },
  PICKED_UP: { status: "IN_TRANSIT", words: "On the way" },
  IN_TRANSIT: { status: "DELIVERED", words: "Delivered" },
};

/** Why a delivery failed, as the store reads it. */
export const FAILURES = [
  "Nobody there",
  "Address not found",
  "Refused by the customer",
  "Damaged",
  "Could not get there",
] as const;

export const DECLINES = ["Too far", "Vehicle problem", "End of shift", "Too much already"] as const;

/** Why the line ended, and what the driver can do about it. */
export const ENDINGS: Partial<Record<Ending, { title: string; text: string; action: string }>> = {
  replaced: {
    title: "Another device took over",
    text: "Your deliveries are now followed on another phone or in another window. Nothing is sent from here.",
    action: "Use this device",
  },
  not_allowed: {
    title: "Not allowed",
    text: "Your sign-in does not open this driver's line. Ask your dispatcher for a new invite.",
    action: "Try again",
  },
};

export const ENDED = {
  title: "The connection was closed",
  text: "What you do is kept on this phone, and sent when you connect again.",
  action: "Connect again",
};

/** A report in words, for one that waits or was refused. */
export function reportWords(report: Report, jobs: readonly Job[]): string {
  const order = (tracking_id: string): string => jobs.find((job) => job.tracking_id === tracking_id)?.order_id ?? "A delivery";
  switch (report.type) {
    case "status_update":
      return `${order(report.tracking_id)}: ${STATUS[report.status].toLowerCase()}`;
    case "accept":
      return `${order(report.tracking_id)}: accepted`;
    case "decline":
      return `${order(report.tracking_id)}: declined`;
    case "emergency":
      return "Emergency";
    case "duty":
      return report.on_duty ? "On duty" : "Off duty";
  }
}

/** "1 position", "3 positions". */
export function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}

/** "12 positions and 1 report", or nothing. */
export function waitingWords(fixes: number, reports: number, proofs: number): string | null {
  const parts = [
    fixes > 0 ? count(fixes, "position") : "",
    reports > 0 ? count(reports, "report") : "",
    proofs > 0 ? count(proofs, "proof") : "",
  ].filter(Boolean);
  return parts.length === 0 ? null : parts.join(parts.length === 2 ? " and " : ", ");
}

export interface EmergencyView {
  stage: "waiting" | "received" | "acknowledged";
  title: string;
  text: string;
  /** Unix milliseconds. */
  at: number;
}

/** How far the newest emergency came; null if there is none, or it was dealt with a while ago. */
export function emergencyView(
  known: readonly Emergency[],
  pending: readonly Report[],
  online: boolean,
  now: number,
): EmergencyView | null {
  const waiting = pending.findLast((report) => report.type === "emergency");
  if (waiting?.type === "emergency") {
    const text = online
      ? "It is on its way to your dispatcher."
      : "There is no connection. It is sent as soon as there is one: call for help yourself.";
    return { stage: "waiting", title: "Emergency raised", text, at: waiting.at };
  }
  const last = known.at(-1);
  if (!last) return null;
  const { at, acknowledged_at } = last;
  if (!acknowledged_at) {
    return { stage: "received", title: "Emergency received", text: "Your dispatcher was told. Nobody has answered yet.", at: at * 1_000 };
  }
  if (now - acknowledged_at * 1_000 > SHOWN_FOR_MS) return null;
  return { stage: "acknowledged", title: "Emergency seen", text: "Your dispatcher has seen your emergency and takes care of it.", at: acknowledged_at * 1_000 };
}

const SHOWN_FOR_MS = 30 * 60_000;
