/** Who looks at the page, and which of its parts are for them. The service decides what they may do. */
import { type Snapshot, isFinal } from "../client";
import type { Access } from "../client/calls";
import { type Role, roleOf } from "../client/claims";

export interface Viewer extends Access {
  readonly role: Role | null;
}

export interface Allowed {
  readonly rate: boolean;
  readonly seeRating: boolean;
  readonly seeProof: boolean;
  readonly seeCode: boolean;
  readonly instruct: boolean;
  readonly share: boolean;
  readonly replay: boolean;
}

export function viewerOf(access: Access): Viewer {
  return { ...access, role: access.token === null ? null : roleOf(access.token) };
}

/** What of `snapshot` is for `viewer`. */
export function allowed({ role, token, link }: Viewer, snapshot: Snapshot): Allowed {
  const over = isFinal(snapshot.status);
  const customer = role === "customer";
  const inside = role === "store" || role === "dispatcher" || role === "admin";
  return {
    rate: snapshot.status === "DELIVERED" && (customer || (token === null && link !== null)),
    seeRating: inside && Boolean(snapshot.rating),
    seeProof: role !== null && (snapshot.proof?.length ?? 0) > 0,
    seeCode: customer && !over && Boolean(snapshot.handover_code),
    instruct: customer && !over,
    share: customer || role === "store" || role === "dispatcher",
    replay: inside && over,
  };
}
