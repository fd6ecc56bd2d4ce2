"""Shows the measurement in the app: its tab (`layout`), and the form that turns a poor answer into a case (`form`)."""
