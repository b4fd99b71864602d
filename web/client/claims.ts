/** What a token says of its bearer. Read to decide what to show: only the service can believe it. */

export type Role = "driver" | "customer" | "store" | "dispatcher" | "admin";

/** Each name that the service knows a role by. */
const ROLES: Record<string, Role> = {
  driver: "driver",
  rider: "driver",
  delivery_person: "driver",
  customer: "customer",
  client: "customer",
  store: "store",
  merchant: "store",
  restaurant: "store",
  dispatcher: "dispatcher",
  admin: "admin",
  superadmin: "admin",
};

/** The claims of a JWT; null for what is none. */
export function claimsOf(token: string): Record<string, unknown> | null {
  const [, claims, signature] = token.split(".");
  if (!claims || !signature || !/^[\w.-]+$/.test(token)) return null;
  try {
    const bytes = Uint8Array.from(atob(claims.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const read: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof read === "object" && read !== null ? (read as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The role in a token; providers also put it under a name like `https://example.com/role`, or into an object. */
export function roleOf(token: string): Role | null {
  const claims = claimsOf(token) ?? {};
  const named = Object.entries(claims).filter(([name]) => name.endsWith("/role"));
  const within = Object.values(claims).map((claim) => (claim as { role?: unknown } | null)?.role);
  for (const value of [claims["role"], ...named.map(([, claim]) => claim), ...within]) {
    const role = typeof value === "string" ? ROLES[value.toLowerCase()] : undefined;
    if (role) return role;
  }
  return null;
}
