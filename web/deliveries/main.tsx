/** Starts the page of a customer's own deliveries: token out of the address, list in. */
import "../styles/base.css";
import "../styles/deliveries.css";
import { render } from "preact";
import { OWN, takeToken } from "../track/token";
import { App } from "./App";

function start(): void {
  const root = document.getElementById("onway");
  if (!root) return;
  const show = (): void => {
    const token = takeToken(OWN);
    // A link with a fresh token may be opened in the tab that already shows the list: it starts anew.
    render(<App key={token} token={token} />, root);
  };
  show();
  addEventListener("hashchange", show);
}

start();
