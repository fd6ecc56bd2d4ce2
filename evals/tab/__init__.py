"""The measurement in the app: its tab, and the form that makes a case of a poor answer."""
