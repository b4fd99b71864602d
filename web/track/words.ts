/** What the page says. The headlines are those that the Worker puts into the HTML (core's `wording`). */
import type { Ending, Status } from "../client";

/** The status in words, as the headline of the page. */
export const HEADLINES: Record<Status, string> = {
  CREATED: "Order received",
  ASSIGNED: "Driver assigned",
  PICKED_UP: "Picked up",
  IN_TRANSIT: "On the way",
  DELIVERED: "Delivered",
  FAILED: "Delivery failed",
  CANCELLED: "Cancelled",
};

/** What the headline leaves open, while there is no ETA. */
export const LEADS: Record<Status, string> = {
  CREATED: "We are looking for a driver. The arrival time follows after pickup.",
  ASSIGNED: "Your driver is heading to the pickup. The arrival time follows after that.",
  PICKED_UP: "Your order is with the driver. The arrival time follows in a moment.",
  IN_TRANSIT: "The arrival time follows as soon as the driver's position is known.",
  DELIVERED: "Your order has arrived. Enjoy.",
  FAILED: "The driver could not hand over your order. The store can tell you what happens next.",
  CANCELLED: "This delivery will not take place.",
};

export interface EndingWords {
  headline: string;
  lead: string;
  icon: "clock" | "compass" | "lock" | "signal";
  /** Whether loading the page again could help. */
  reload: boolean;
}

/** Why there is nothing (more) to follow. */
export const ENDINGS: Record<Exclude<Ending, "stopped">, EndingWords> = {
  closed: {
    headline: "Updates have ended",
    lead: "The service closed this connection. Load the page again to see the newest state.",
    icon: "signal",
    reload: true,
  },
  expired: {
    headline: "This link has expired",
    lead: "The delivery is over, and its page was taken down to protect everybody's privacy.",
    icon: "clock",
    reload: false,
  },
  not_found: {
    headline: "Delivery not found",
    lead: "Please check the address: it has to be complete, exactly as it was sent to you.",
    icon: "compass",
    reload: false,
  },
  not_allowed: {
    headline: "Private delivery",
    lead: "Open it with the link from your message. A link can also have been withdrawn.",
    icon: "lock",
    reload: false,
  },
  invalid_token: {
    headline: "Your access has run out",
    lead: "Open the link from your message again to keep following this delivery.",
    icon: "lock",
    reload: false,
  },
  replaced: {
    headline: "Opened somewhere else",
    lead: "This delivery is now followed in another window. Load the page again to follow it here.",
    icon: "signal",
    reload: true,
  },
  refused: {
    headline: "Updates have ended",
    lead: "The service no longer sends updates for this delivery. Load the page again to try once more.",
    icon: "signal",
    reload: true,
  },
};
