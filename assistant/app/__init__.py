"""The app in the browser: a workbench enters, a guarded page leaves."""
