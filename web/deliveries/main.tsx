/** Starts the page of a customer's own deliveries. */
import "../styles/base.css";
