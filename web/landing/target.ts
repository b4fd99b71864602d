/** What somebody typed, and the page it leads to. */

const TRACKING_ID = /^TRK-[A-Z2-7]{8,80}$/i;
const SHARE_LINK = /^TRK-[A-Z2-7]{8,80}\.[\w-]{8,100}$/i;

/** The path of the page for a tracking id, a share link, or the whole address of either. */
export function targetOf(input: string): string | null {
  const text = input.trim();
  const last = pathOf(text).split("/").findLast((part) => part !== "") ?? "";
  const found = last === "" ? text : last;
  if (SHARE_LINK.test(found)) {
    const [id, secret] = found.split(".");
    return `/s/${id?.toUpperCase()}.${secret}`;
  }
  return TRACKING_ID.test(found) ? `/track/${found.toUpperCase()}` : null;
}

function pathOf(text: string): string {
  try {
    return new URL(text).pathname;
  } catch {
    return text.split(/[?#]/)[0] ?? "";
  }
}
