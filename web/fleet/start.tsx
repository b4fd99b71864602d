/** Starts a page that is entered with a token: it comes out of the address, the page in. */
import "../styles/base.css";
import "../styles/fleet.css";
import { Fragment, type JSX, render } from "preact";
import { type PageConfig, readPageData } from "../track/page-data";
import { takeToken } from "../track/token";

export interface Entered {
  readonly config: PageConfig;
  /** From the address, or kept for the tab. */
  readonly token: string | null;
}

/** `kept`: under what name the token is kept for the tab. */
export function start(kept: string, page: (entered: Entered) => JSX.Element): void {
  const root = document.getElementById("onway");
  if (!root) return;
  const { config } = readPageData(document.getElementById("onway-data")?.textContent, location.pathname);
  const show = (): void => {
    const token = takeToken(kept);
    // A link with a fresh token may be opened in the tab that is at work: it starts anew.
    render(<Fragment key={token}>{page({ config, token })}</Fragment>, root);
  };
  show();
  addEventListener("hashchange", show);
}
