/** Starts a page of a fleet: token out of the address, desk in. */
import "../styles/base.css";
import "../styles/fleet.css";
import { render } from "preact";
import { readPageData } from "../track/page-data";
import { takeToken } from "../track/token";
import { App } from "./App";
import { type Desk, KEPT } from "./session";

export function start(desk: Desk): void {
  const root = document.getElementById("onway");
  if (!root) return;
  const { config } = readPageData(document.getElementById("onway-data")?.textContent, location.pathname);
  const show = (): void => {
    const token = takeToken(KEPT[desk]);
    // A link with a fresh token may be opened in the tab that is at work: it starts anew.
    render(<App key={token} desk={desk} config={config} token={token} />, root);
  };
  show();
  addEventListener("hashchange", show);
}
