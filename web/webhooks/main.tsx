/** Starts the page of webhooks: token out of the address, endpoints in. */
import "../styles/base.css";
import "../styles/fleet.css";
import "../styles/webhooks.css";
import { render } from "preact";
import { readPageData } from "../track/page-data";
import { takeToken } from "../track/token";
import { App } from "./App";
import { KEPT } from "./session";

function start(): void {
  const root = document.getElementById("onway");
  if (!root) return;
  const { config } = readPageData(document.getElementById("onway-data")?.textContent, location.pathname);
  const show = (): void => {
    const token = takeToken(KEPT);
    // A link with a fresh token may be opened in the tab that is at work: it starts anew.
    render(<App key={token} config={config} token={token} />, root);
  };
  show();
  addEventListener("hashchange", show);
}

start();
