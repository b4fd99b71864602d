/** The page of webhooks. */
import { start } from "../fleet/start";
import "../styles/webhooks.css";
import { App } from "./App";
import { KEPT } from "./session";

start(KEPT, (entered) => <App {...entered} />);
